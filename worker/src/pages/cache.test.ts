// A cached page is shown only where it is whole, this shop's, and rendered from current content.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";

import pages from "../../../tests/contract/stored_page.json";
import { demoShop, never, SHOPPER, storePage } from "../../tests/support.ts";
import type { Shop } from "../assets/store.ts";
import { cacheKey, findCachedPage } from "./cache.ts";

const KEY = cacheKey(SHOPPER, "v2_newcomer_0_x");

interface Vector {
  readonly name: string;
  readonly value: string;
  readonly shop_id: string;
  readonly content: string;
  readonly required: readonly string[];
  readonly html: string | null;
  readonly kv: string;
  readonly decision?: string;
}

describe("a cached page", () => {
  it("is found as it was written", async () => {
    await storePage(SHOPPER, "v2_newcomer_0_x", "<p>a page</p>");
    expect(await findCachedPage(env, KEY, await demoShop(), 5000)).toEqual({
      html: "<p>a page</p>",
      kv: "hit",
    });
  });

  it.each(pages as unknown as Vector[])(
    "is read as by the container: $name",
    async ({ value, shop_id, content, required, html, kv, decision = "" }) => {
      const KV = { get: async () => value } as unknown as KVNamespace;
      const shop = { id: shop_id, content } as Shop;
      const found = await findCachedPage({ KV }, KEY, shop, 5000, required);
      expect({ decision: "", ...found }).toEqual({ html, kv, decision });
    },
  );

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
