// D1 as the container is given it: docs/bindings.md, line by line.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";

import { resetStorage } from "../../tests/support.ts";
import { handleD1 } from "./d1.ts";

beforeEach(async () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  await resetStorage();
});

function send(body: unknown): Promise<Response> {
  return handleD1(
    new Request("http://d1.internal/", { method: "POST", body: JSON.stringify(body) }),
    env,
  );
}

const INSERT =
  "INSERT INTO shoppers (id, shop_id, created_at, last_seen_at) VALUES (?1, ?2, ?3, ?3)";
const SELECT = "SELECT id, session_id FROM shoppers WHERE shop_id = ?1";

describe("D1 for the container", () => {
  it("answers with the rows of each statement, in order", async () => {
    const response = await send({
      statements: [
        { sql: INSERT, params: ["shop_1", "demo", "now"] },
        { sql: SELECT, params: ["demo"] },
      ],
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ results: [[], [{ id: "shop_1", session_id: null }]] });
  });

  it("does all of a request or nothing", async () => {
    const response = await send({
      statements: [
        { sql: INSERT, params: ["shop_1", "demo", "now"] },
        { sql: "INSERT INTO nowhere VALUES (1)", params: [] },
      ],
    });
    expect(response.status).toBe(400);
    expect(await env.DB.prepare("SELECT count(*) AS n FROM shoppers").first("n")).toBe(0);
  });

  it.each([
    ["SQL that is none", "SELEC 1", []],
    ["a row that is there already", INSERT, ["shop_1", "demo", "now"]],
    ["a value that is missing", INSERT, ["shop_1", null, "now"]],
    ["too few parameters", SELECT, []],
  ])("refuses %s for good", async (_, sql, params) => {
    await send({ statements: [{ sql: INSERT, params: ["shop_1", "demo", "now"] }] });
    expect((await send({ statements: [{ sql, params }] })).status).toBe(400);
  });

  it.each([
    ["no statements", { statements: [] }],
    ["no list of them", { statements: "SELECT 1" }],
    ["nothing", null],
    ["a parameter that is a list", { statements: [{ sql: SELECT, params: [["demo"]] }] }],
    [
      "too many statements",
      { statements: Array.from({ length: 51 }, () => ({ sql: "SELECT 1", params: [] })) },
    ],
    [
      "too many parameters",
      { statements: [{ sql: "SELECT 1", params: Array.from({ length: 101 }, () => 1) }] },
    ],
    [
      "too long a body",
      { statements: [{ sql: `SELECT '${"x".repeat(1024 * 1024)}'`, params: [] }] },
    ],
  ])("refuses %s for good", async (_, body) => {
    expect((await send(body)).status).toBe(400);
  });

  it("says of a moment that was bad that it may be tried again", async () => {
    const DB = {
      prepare: () => ({ bind: () => ({}) }),
      batch: () => Promise.reject(new Error("D1_ERROR: Network connection lost.")),
    };
    const request = new Request("http://d1.internal/", {
      method: "POST",
      body: '{"statements":[{"sql":"SELECT 1","params":[]}]}',
    });
    expect((await handleD1(request, { DB: DB as unknown as D1Database })).status).toBe(503);
  });
});
