// POST /generate, as the Worker asks it: for a page's events, or for the page itself.

import type { Env, Limits } from "../env.ts";
import type { AssetStore, Shop } from "../assets/store.ts";
import type { Persona } from "../personas/persona.ts";
import { type Asked, ask } from "./retry.ts";
import type { Upstream } from "./client.ts";

/** A page that is wanted: whose, and for whom. */
export interface Wanted {
  readonly shop: Shop;
  readonly shopperId: string;
  readonly persona: Persona;
  readonly hash: string;
  /** The client's address where the shopper is new: what such shoppers may cost is limited by it. */
  readonly newFrom: string | null;
}

/** Returns where a new shopper comes from; null where they are known, or where nobody says. */
export function newFrom(request: Request, isNew: boolean): string | null {
  return isNew ? request.headers.get("cf-connecting-ip") : null;
}

export interface Container {
  readonly env: Env;
  readonly limits: Limits;
  readonly assets: AssetStore;
  readonly upstream: Upstream;
}

/**
 * Asks the container for a page in `accept`'s form. It joins what is being composed, begins where
 * nothing is, and replays what is kept, so that asking twice costs nothing.
 */
export async function askForPage(
  container: Container,
  wanted: Wanted,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Asked> {
  const body = await bodyOf(container.assets, wanted);
  const client = wanted.newFrom === null ? {} : { "x-wandstore-new-shopper": "1", "cf-connecting-ip": wanted.newFrom };
  const all = { ...headers, ...client, "content-type": "application/json", ...credential(container.env) };
  const make = (leaving: AbortSignal): Request =>
    new Request("http://container.internal/generate", { method: "POST", headers: all, body, signal: leaving });
  return ask(container.upstream, make, `${wanted.shop.id}|${wanted.hash}`, container.limits, signal);
}

/** What the container knows the Worker by. */
export function credential(env: Pick<Env, "WORKER_SECRET">): Record<string, string> {
  return env.WORKER_SECRET ? { authorization: `Bearer ${env.WORKER_SECRET}` } : {};
}

async function bodyOf(assets: AssetStore, { shop, shopperId, persona }: Wanted): Promise<string> {
  const products = await assets.readText(shop, "products.json");
  const person = JSON.stringify({ shopper_id: shopperId, persona, options: {} });
  const place = `"shop_id":${JSON.stringify(shop.id)},"products":${products}`;
  const brand = JSON.stringify(shop.brand);
  return `${person.slice(0, -1)},"shop":{${place},"brand_guidelines":${brand}}}`;
}
