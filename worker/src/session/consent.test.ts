// What may be kept of a shopper: decided as in the container, and kept to.

import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";

import vectors from "../../../tests/contract/consent.json";
import {
  COLLECTOR,
  fakeContainer,
  generating,
  resetStorage,
  SHOPPER,
  send,
  sessionCookie,
  storePersona,
} from "../../tests/support.ts";
import type { Shop } from "../assets/store.ts";
import { consentOf } from "./consent.ts";

const AGREED = "choice=ads:0,stats:1";
const TELLING = `shop_${"8".repeat(32)}`; // whom no other test has spent the share of signals of

/** Return the published files with this consent in the shop's. */
function published(level: string): Record<string, unknown> {
  const consent = { level, cookie: "choice", agreed: "stats:1" };
  const fetch = async (address: string): Promise<Response> => {
    const response = await env.ASSETS.fetch(address);
    if (!address.endsWith("/shop.json")) return response;
    return Response.json({ ...(await response.json<object>()), consent });
  };
  return { ASSETS: { fetch } };
}

it.each(vectors)("is decided as in the container: $name", ({ consent, headers, holds }) => {
  const request = new Request("https://shop.example/store", { headers: headers as HeadersInit });
  expect(consentOf(request, { consent } as unknown as Shop)).toBe(holds);
});

describe("a shop that keeps nothing before its shopper agrees", () => {
  beforeEach(resetStorage);

  const visit = async (cookie: string, path = "/store") => {
    const requests: Request[] = [];
    const changes = { ...published("none"), CONTAINER: generating("", requests) };
    const exchange = await send(path, { headers: { cookie } }, changes);
    await exchange.background;
    return { ...exchange, requests };
  };

  it.each(["", "choice=stats:0"])("sets no cookie and composes nothing: %j", async (cookie) => {
    const { response, requests } = await visit(cookie);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(requests).toEqual([]);
  });

  it("does not know who has a cookie of ours from before", async () => {
    const { response, requests } = await visit(await sessionCookie(SHOPPER), "/stream/page");
    expect(response.status).toBe(404);
    expect(requests).toEqual([]);
  });

  it("does all that it can for who has agreed", async () => {
    const { response, requests } = await visit(AGREED);
    expect(response.headers.get("x-wandstore-page")).toBe("shell");
    expect(response.headers.get("set-cookie")).toContain("; Max-Age=15552000;");
    expect(requests[0]?.headers.get("sec-gpc")).toBeNull();
  });
});

describe("a shop that keeps what is essential", () => {
  beforeEach(resetStorage);

  it("sets a cookie that ends with the session, and has nothing written down", async () => {
    const requests: Request[] = [];
    const changes = { ...published("essential"), CONTAINER: generating("", requests) };
    const { response, background } = await send("/store", {}, changes);
    await background;
    expect(response.headers.get("set-cookie")).toMatch(/Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    expect(response.headers.get("set-cookie")).not.toContain("Max-Age");
    expect(requests[0]?.headers.get("sec-gpc")).toBe("1");
  });

  it.each([
    ["", "newcomer"],
    [AGREED, COLLECTOR.type],
  ])("knows no persona of who has not agreed: %j", async (banner, persona) => {
    await storePersona(SHOPPER, COLLECTOR);
    const cookie = [await sessionCookie(SHOPPER), banner].join("; ");
    const changes = {
      ...published("essential"),
      CONTAINER: fakeContainer(async () => new Response()),
    };
    const { events } = await send("/store", { headers: { cookie } }, changes);
    expect(events).toContainEqual(expect.objectContaining({ event: "page", persona }));
  });

  it.each([
    ["", 0],
    [AGREED, 1],
  ])("notes nothing that is reported by who has not agreed: %j", async (banner, noted) => {
    const cookie = [await sessionCookie(TELLING), banner].join("; ");
    const headers = {
      cookie,
      "content-type": "application/json",
      "sec-fetch-site": "same-origin",
      "cf-connecting-ip": "10.9.9.8",
    };
    const body = JSON.stringify({ events: [{ kind: "view", product: "dusk-lamp" }] });
    const changes = { ...published("essential"), CONTAINER: undefined };
    const { response } = await send("/signals", { method: "POST", headers, body }, changes);
    expect(response.status).toBe(204);
    const { results } = await env.DB.prepare("SELECT id FROM signals").all();
    expect(results).toHaveLength(noted);
  });
});
