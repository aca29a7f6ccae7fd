// KV as the container is given it: docs/bindings.md, line by line.

import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";

import { handleKv } from "./kv.ts";

const KEY = "ui:shop_1:v2_é";
const ADDRESS = `http://kv.internal/${encodeURIComponent(KEY)}`;

function put(value: BodyInit, ttl = "3600", url = ADDRESS): Promise<Response> {
  return handleKv(new Request(`${url}?ttl=${ttl}`, { method: "PUT", body: value }), env);
}

function get(url = ADDRESS): Promise<Response> {
  return handleKv(new Request(url), env);
}

describe("KV for the container", () => {
  it("gives back the bytes that were put", async () => {
    const bytes = Uint8Array.from([0, 255, 13, 10]);
    expect((await put(bytes)).status).toBe(204);
    expect(new Uint8Array(await (await get()).arrayBuffer())).toEqual(bytes);
    expect(await env.KV.get(KEY, "arrayBuffer")).toEqual(bytes.buffer);
  });

  it("keeps a pair as long as it is told to", async () => {
    await put("x", "60");
    const { keys } = await env.KV.list({ prefix: KEY });
    const remaining = (keys[0]?.expiration ?? 0) - Date.now() / 1000;
    expect(remaining).toBeGreaterThan(50);
    expect(remaining).toBeLessThanOrEqual(61);
  });

  it("has nothing where nothing was put, or where it was deleted", async () => {
    expect((await get("http://kv.internal/nothing")).status).toBe(404);
    await put("x");
    expect((await handleKv(new Request(ADDRESS, { method: "DELETE" }), env)).status).toBe(204);
    expect((await get()).status).toBe(404);
    expect((await handleKv(new Request(ADDRESS, { method: "DELETE" }), env)).status).toBe(204);
  });

  it.each(["", "59", "-1", "1e9", "soon"])("refuses a time to live of %j for good", async (ttl) => {
    expect((await put("x", ttl)).status).toBe(400);
  });

  it.each(["/", "/a/b", "/%", "/..", `/${"k".repeat(513)}`])(
    "refuses the key of %s for good",
    async (path) => {
      const request = new Request("http://kv.internal/");
      Object.defineProperty(request, "url", { value: `http://kv.internal${path}` });
      expect((await handleKv(request, env)).status).toBe(400);
    },
  );

  it("refuses what is larger than KV takes", async () => {
    expect((await put(new Uint8Array(25 * 1024 * 1024 + 1))).status).toBe(413);
  });

  it.each([
    ["KV PUT failed: 429 Too Many Requests", 429],
    ["KV PUT failed: 500 Internal", 503],
  ])("says that it may be tried again: %s", async (message, status) => {
    vi.spyOn(console, "log").mockImplementation(() => {});
    const KV = { put: () => Promise.reject(new Error(message)) } as unknown as KVNamespace;
    const request = new Request(`${ADDRESS}?ttl=60`, { method: "PUT", body: "x" });
    expect((await handleKv(request, { KV })).status).toBe(status);
  });
});
