// Listings: prerendered, searched for in the container, and still there when it is not.

import { describe, expect, it } from "vitest";

import { fakeContainer, never, send } from "../../tests/support.ts";
import { parseListingQuery } from "./listing_query.ts";

const RESULTS = "<!doctype html><p>found by the container</p>";

function searchable(
  requests: Request[] = [],
  status = 200,
  type = "text/html; charset=utf-8",
): unknown {
  return fakeContainer(async (request) => {
    requests.push(request);
    return new Response(RESULTS, {
      status,
      headers: { "content-type": type, "set-cookie": "evil=1" },
    });
  });
}

describe("an address", () => {
  it.each([
    ["?category=Lamps", { category: "Lamps", sort: "", query: "", page: 1, filtered: false }],
    ["?sort=name&page=2", { category: "", sort: "name", query: "", page: 2, filtered: false }],
    ["?q=a%20%20b+c", { category: "", sort: "", query: "a b c", page: 1, filtered: false }],
    ["?page=0", { category: "", sort: "", query: "", page: 1, filtered: false }],
    ["?page=12345", { category: "", sort: "", query: "", page: 1, filtered: false }],
    ["?category=A&category=B", { category: "B", sort: "", query: "", page: 1, filtered: false }],
    [
      `?q=${"é".repeat(100)}`,
      { category: "", sort: "", query: "é".repeat(80), page: 1, filtered: false },
    ],
    ["?min=5&tag=a", { category: "", sort: "", query: "", page: 1, filtered: true }],
    ["?utm_source=x", null],
    ["?category=", null],
    ["?", null],
    [
      `?q=${"x".repeat(4096)}`,
      { category: "", sort: "", query: "x".repeat(80), page: 1, filtered: false },
    ],
    [`?${"a=1&".repeat(32)}q=x`, null],
  ])("%s", (search, query) => {
    expect(parseListingQuery(search)).toEqual(query);
  });
});

describe("a listing", () => {
  it("is as published, whatever the container does", async () => {
    const requests: Request[] = [];
    const { response, text } = await send(
      "/store?category=Lamps&sort=price-asc",
      {},
      { CONTAINER: searchable(requests) },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(text).toContain(
      '<a href="/store?category=Lamps&amp;sort=price-asc" aria-current="true">',
    );
    expect(requests).toEqual([]);
  });

  it("that the browser has is not sent again", async () => {
    const path = "/store?category=Lamps&sort=price-asc";
    const etag = (await send(path)).response.headers.get("etag") ?? "";
    const again = await send(path, { headers: { "if-none-match": etag } });
    expect(etag).not.toBe("");
    expect([again.response.status, again.text]).toEqual([304, ""]);
    expect(again.response.headers.get("x-wandstore-page")).toBe("fallback");
  });

  it("ends with its last page however far is asked", async () => {
    const last = await send("/store?page=2");
    expect((await send("/store?page=99")).text).toBe(last.text);
  });

  it("in an order that is none keeps the catalog's", async () => {
    expect((await send("/store?category=Lamps&sort=loudest")).text).toBe(
      (await send("/store?category=Lamps")).text,
    );
  });
});

describe("a search", () => {
  it("is the container's, without its cookies and under our headers", async () => {
    const requests: Request[] = [];
    const { response, text } = await send(
      "/store?q=lamp",
      { headers: { cookie: "a=b" } },
      { CONTAINER: searchable(requests), SEARCH_MS: "5000" },
    );
    expect(text).toBe(RESULTS);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(new URL(requests[0]?.url ?? "").pathname + new URL(requests[0]?.url ?? "").search).toBe(
      "/s/demo?q=lamp",
    );
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer a credential for tests");
    expect(requests[0]?.headers.get("cookie")).toBeNull();
  });

  it("and a list that is filtered are the container's alike", async () => {
    for (const query of ["min=5", "available=1", "category=Lamps&tag=new"]) {
      const { text } = await send(`/store?${query}`, {}, { CONTAINER: searchable() });
      expect(text).toBe(RESULTS);
    }
  });

  it.each([
    ["fails", fakeContainer(() => Promise.reject(new Error("no")))],
    ["is slow", fakeContainer(never)],
    ["is refused", searchable([], 429)],
    ["breaks", searchable([], 500)],
    ["answers in plain text", searchable([], 200, "text/plain")],
    ["is absent", undefined],
  ])("while the container %s is everything in that category, and says so", async (_, CONTAINER) => {
    const { response, text, events } = await send(
      "/store?q=lamp&category=Lamps",
      {},
      { CONTAINER },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    const note = /<p class="count" role="status">Search and filters do not answer[^<]*<\/p>\n/;
    expect(text).toMatch(note);
    expect(text.replace(note, "")).toBe((await send("/store?category=Lamps")).text);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(events).toContainEqual({ event: "search", shop: "demo", outcome: "unanswered" });
  });
});
