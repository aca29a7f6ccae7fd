// Files, and pages that are the same for everyone: only what was published, with the container's
// headers.

import { beforeAll, describe, expect, it } from "vitest";

import { resetStorage, send } from "../../tests/support.ts";

beforeAll(resetStorage);

async function currentAddress(name: string): Promise<string> {
  const { text } = await send("/store");
  const match = new RegExp(`/static/${name}\\.[0-9a-f]{10}\\.[a-z]+`).exec(text);
  return match?.[0] ?? "";
}

describe("a static file", () => {
  it("of an old hash is the current one, uncached, so that an old page keeps its looks", async () => {
    const name = await currentAddress("shop");
    const old = await send(name.replace(/\.[0-9a-f]{10}\./, ".0000000000."));
    expect(old.response.headers.get("cache-control")).toBe("public, no-cache");
    expect(old.response.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(old.response.headers.get("content-security-policy")).toBe("default-src 'none'; sandbox");
    expect(old.text).toBe((await send(name)).text);
  });

  it("that the browser has is not sent again", async () => {
    const name = await currentAddress("shop");
    const etag = (await send(name)).response.headers.get("etag") ?? "";
    for (const known of [etag, "*"]) {
      const again = await send(name, { headers: { "if-none-match": known } });
      expect([again.response.status, again.text]).toEqual([304, ""]);
    }
  });

  it.each([
    "/static/none.0000000000.css",
    "/static/shop.css",
    "/static/__proto__.0000000000.css",
    "/pictures/demo/none.svg",
    "/pictures/none/oak-board.svg",
    "/pictures/demo/..%2F..%2Fshops.json",
    "/pictures/demo/shop.json",
  ])("that is not there is none: %s", async (path) => {
    const { response } = await send(path);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  });
});

describe("a product", () => {
  it("has its page", async () => {
    const { response, text } = await send("/products/oak-board");
    expect(response.status).toBe(200);
    expect(text).toContain("Oak Bread Board</h1>");
  });

  it.each(["/products/oak-board", "/products/dusk-lamp"])(
    "that the browser has is not sent again: %s",
    async (path) => {
      const etag = (await send(path)).response.headers.get("etag") ?? "";
      const again = await send(path, { headers: { "if-none-match": etag } });
      expect(etag).not.toBe("");
      expect([again.response.status, again.text]).toEqual([304, ""]);
    },
  );

  it.each([
    "/products/never",
    "/s/corner/products/oak-board",
    "/s/corner",
    "/nowhere",
    "/shops.json",
    "/shops/demo/shop.json",
  ])("or what else is not there: the designed page, %s", async (path) => {
    const { response, text } = await send(path);
    expect(response.status).toBe(404);
    expect(text).toContain("Not here any more");
  });
});

describe("whatever the address", () => {
  it.each(["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])(
    "%s is not a way to look at a shop",
    async (method) => {
      const { response } = await send("/store", { method });
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
    },
  );

  it("what is not there is not there for any method", async () => {
    const { response } = await send("/nowhere", { method: "POST" });
    expect([response.status, response.headers.get("allow")]).toEqual([404, null]);
  });

  it("the root leads to the store", async () => {
    const { response } = await send("/");
    expect([response.status, response.headers.get("location")]).toEqual([307, "/store"]);
  });

  it("health tells of the parts and asks the container nothing", async () => {
    const { text } = await send("/health");
    expect(JSON.parse(text)).toEqual({
      status: "healthy",
      checks: { kv_connection: "ok", database: "ok", container: "not_asked" },
    });
    const broken = await send(
      "/health",
      {},
      { KV: { get: () => Promise.reject(new Error("no")) }, DB: undefined },
    );
    expect(JSON.parse(broken.text)).toMatchObject({
      status: "degraded",
      checks: { kv_connection: "failed: Error", database: "not_configured" },
    });
  });
});
