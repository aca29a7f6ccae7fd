// Listings: as published, searched for in the container, and still there when it is not.

import { describe, expect, it } from "vitest";

import { container, never, visit } from "../../tests/support.ts";
import { parseListingQuery } from "./listing_query.ts";

const FOUND = "<!doctype html><p>found by the container</p>";

function finding(seen: Request[] = [], status = 200, type = "text/html; charset=utf-8"): unknown {
  return container(async (request) => {
    seen.push(request);
    return new Response(FOUND, { status, headers: { "content-type": type, "set-cookie": "evil=1" } });
  });
}

describe("an address", () => {
  it.each([
    ["?category=Lamps", { category: "Lamps", sort: "", query: "", page: 1 }],
    ["?sort=name&page=2", { category: "", sort: "name", query: "", page: 2 }],
    ["?q=a%20%20b+c", { category: "", sort: "", query: "a b c", page: 1 }],
    ["?page=0", { category: "", sort: "", query: "", page: 1 }],
    ["?page=12345", { category: "", sort: "", query: "", page: 1 }],
    ["?category=A&category=B", { category: "B", sort: "", query: "", page: 1 }],
    [`?q=${"é".repeat(100)}`, { category: "", sort: "", query: "é".repeat(80), page: 1 }],
    ["?utm_source=x", null],
    ["?category=", null],
    ["?", null],
    [`?q=${"x".repeat(2048)}`, null],
    [`?${"a=1&".repeat(16)}q=x`, null],
  ])("%s", (search, asked) => {
    expect(parseListingQuery(search)).toEqual(asked);
  });
});

describe("a listing", () => {
  it("is as published, whatever the container does", async () => {
    const seen: Request[] = [];
    const { response, text } = await visit("/store?category=Lamps&sort=price-asc", {}, { CONTAINER: finding(seen) });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(text).toContain('<a href="/store?category=Lamps&amp;sort=price-asc" aria-current="true">');
    expect(seen).toEqual([]);
  });

  it("ends with its last page however far is asked", async () => {
    const last = await visit("/store?page=2");
    expect((await visit("/store?page=99")).text).toBe(last.text);
  });

  it("in an order that is none keeps the catalog's", async () => {
    expect((await visit("/store?category=Lamps&sort=loudest")).text).toBe((await visit("/store?category=Lamps")).text);
  });
});

describe("a search", () => {
  it("is the container's, without its cookies and under our headers", async () => {
    const seen: Request[] = [];
    const { response, text } = await visit("/store?q=lamp", { headers: { cookie: "a=b" } }, { CONTAINER: finding(seen), SEARCH_MS: "5000" });
    expect(text).toBe(FOUND);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(new URL(seen[0]?.url ?? "").pathname + new URL(seen[0]?.url ?? "").search).toBe("/s/demo?q=lamp");
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer a credential for tests");
    expect(seen[0]?.headers.get("cookie")).toBeNull();
  });

  it.each([
    ["fails", container(() => Promise.reject(new Error("no")))],
    ["is slow", container(never)],
    ["is refused", finding([], 429)],
    ["breaks", finding([], 500)],
    ["answers in plain text", finding([], 200, "text/plain")],
    ["is absent", undefined],
  ])("while the container %s is everything in that category, marked as fallback", async (_, CONTAINER) => {
    const { response, text, told } = await visit("/store?q=lamp&category=Lamps", {}, { CONTAINER });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-wandstore-page")).toBe("fallback");
    expect(text).toBe((await visit("/store?category=Lamps")).text);
    expect(told).toContainEqual({ event: "search", shop: "demo", outcome: "unanswered" });
  });
});
