// One instance is kept awake for the edge to follow a catalog of elsewhere.

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

it("says where that failed", async () => {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  await woken({ WANDSTORE_CATALOG_URL: "https://corner.example/feed.xml" }, () =>
    Promise.reject(new TypeError("no such instance")),
  );
  expect(log).toHaveBeenCalledWith('{"event":"failed","where":"wake","outcome":"TypeError"}');
});
