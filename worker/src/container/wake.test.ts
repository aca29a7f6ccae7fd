// One instance is kept awake for the edge to follow a catalog, and for what it composes ahead.

import { env } from "cloudflare:workers";
import { expect, it, vi } from "vitest";

import { fakeContainer } from "../../tests/support.ts";
import type { Env } from "../env.ts";
import { wakeFollower } from "./wake.ts";

async function woken(changes: object, respond = async () => new Response()): Promise<string[]> {
  const seen: string[] = [];
  const CONTAINER = fakeContainer(async (request, instance) => {
    seen.push(`${instance} ${request.url}`);
    return respond();
  });
  const bound = { ...env, METRICS: undefined, CONTAINER_INSTANCES: "3", CONTAINER, ...changes };
  await wakeFollower(bound as unknown as Env, { waitUntil: () => {} });
  return seen;
}

it("wakes the first instance of a shop whose catalog is of elsewhere, and no other shop's", async () => {
  const first = ["shop-0 http://container.internal/health"];
  expect(await woken({ WANDSTORE_CATALOG_URL: "https://corner.example/feed.xml" })).toEqual(first);
  expect(await woken({ WANDSTORE_SHOPIFY_STORE: "corner.myshopify.com" })).toEqual(first);
  expect(await woken({})).toEqual([]);
});

it("wakes it where other rules or arms begin to hold soon, for which it composes ahead", async () => {
  const publishedWith = (moments: number[], begins: number | null) => ({
    fetch: async (address: string): Promise<Response> => {
      const response = await env.ASSETS.fetch(address);
      if (!address.endsWith("/shop.json")) return response;
      const running = [{ name: "trial", share: 1, begins, ends: null, personas: [], arms: [] }];
      const experiments = { holdout: 0, running };
      return Response.json({ ...(await response.json<object>()), moments, experiments });
    },
  });
  const now = Date.now() / 1000;
  for (const [moments, begins, times] of [
    [[now - 60, now + 300], null, 1],
    [[], now + 300, 1],
    [[now - 60, now + 3600], now - 60, 0],
  ] as const)
    expect(await woken({ ASSETS: publishedWith([...moments], begins) })).toHaveLength(times);
});

it("says where that failed", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await woken({ WANDSTORE_CATALOG_URL: "https://corner.example/feed.xml" }, () =>
    Promise.reject(new TypeError("no such instance")),
  );
  expect(log).toHaveBeenCalledWith('{"event":"failed","where":"wake","outcome":"TypeError"}');
});
