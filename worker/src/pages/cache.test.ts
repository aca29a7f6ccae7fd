// A cached page is shown only where it is whole, this shop's, and rendered from current content.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import { demoShop, never, SHOPPER, storePage } from "../../tests/support.ts";
import { cacheKey, findCachedPage } from "./cache.ts";

const KEY = cacheKey(SHOPPER, "v2_newcomer_0_x");

async function lookUp(changes: Record<string, unknown> = {}) {
  await storePage(SHOPPER, "v2_newcomer_0_x", "<p>a page</p>", changes);
  return findCachedPage(env, KEY, await demoShop(), 5000);
}

describe("a cached page", () => {
  it("is found as it was written", async () => {
    expect(await lookUp()).toEqual({ html: "<p>a page</p>", kv: "hit" });
  });

  it("is outdated when the shop is drawn from something else by now", async () => {
    expect(await lookUp({ meta: { content: "before" } })).toEqual({ html: null, kv: "outdated" });
  });

  it.each([
    ["of another version", { version: 2 }],
    ["of another shop", { shop_context: { shop_id: "corner" } }],
    ["of no shop", { shop_context: null }],
    ["without its HTML", { ui: { html: 7 } }],
    ["without anything", { ui: null }],
  ])("%s is none", async (_, changes) => {
    expect(await lookUp(changes)).toEqual({ html: null, kv: "miss" });
  });

  it("that is not JSON is none", async () => {
    await env.KV.put(KEY, "<html>");
    expect(await findCachedPage(env, KEY, await demoShop(), 5000)).toEqual({
      html: null,
      kv: "miss",
    });
  });

  it("is not waited for while KV is absent, failing or slow", async () => {
    const shop = await demoShop();
    const failing = { get: () => Promise.reject(new Error("no")) } as unknown as KVNamespace;
    const slow = { get: never } as unknown as KVNamespace;
    expect(await findCachedPage({}, KEY, shop, 10)).toEqual({ html: null, kv: "absent" });
    expect(await findCachedPage({ KV: failing }, KEY, shop, 10)).toEqual({
      html: null,
      kv: "failed",
    });
    expect(await findCachedPage({ KV: slow }, KEY, shop, 10)).toEqual({ html: null, kv: "slow" });
  });
});
