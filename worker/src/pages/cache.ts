// The finished page from KV: version, shop and content are checked before any of it is shown.

import type { Env } from "../env.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";
import type { Shop } from "../assets/store.ts";
import type { LookupOutcome } from "../telemetry.ts";

export interface Found {
  readonly html: string | null;
  readonly kv: LookupOutcome;
}

export function keptKey(shopperId: string, hash: string): string {
  return `ui:${shopperId}:${hash}`;
}

interface KeptPage {
  readonly version?: unknown;
  readonly ui?: { readonly html?: unknown };
  readonly meta?: { readonly content?: unknown };
  readonly shop_context?: { readonly shop_id?: unknown };
}

/**
 * Returns the page kept under the key, or why there is none. One drawn from older content is
 * outdated: its prices may be, and the container draws it again from the choices kept with it.
 */
export async function findKept(
  env: Pick<Env, "KV">,
  key: string,
  shop: Shop,
  milliseconds: number,
): Promise<Found> {
  if (env.KV === undefined) return { html: null, kv: "absent" };
  try {
    const value = await withTimeout(milliseconds, env.KV.get(key, "text"));
    return value === null ? { html: null, kv: "miss" } : readKept(value, shop);
  } catch (error) {
    return { html: null, kv: error instanceof TimeoutError ? "slow" : "failed" };
  }
}

function readKept(value: string, shop: Shop): Found {
  try {
    const page = JSON.parse(value) as KeptPage;
    const html = page.ui?.html;
    if (page.version !== 1 || page.shop_context?.shop_id !== shop.id || typeof html !== "string") {
      return { html: null, kv: "miss" };
    }
    return page.meta?.content === shop.content ? { html, kv: "hit" } : { html: null, kv: "outdated" };
  } catch {
    return { html: null, kv: "miss" };
  }
}
