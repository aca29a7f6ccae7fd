// The finished page from KV: version, shop and content are checked before any of it is shown.

import type { Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { CODEC } from "../shared/constants.ts";
import type { LookupOutcome } from "../telemetry.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";

export interface CacheLookup {
  readonly html: string | null;
  readonly kv: LookupOutcome;
}

export function cacheKey(shopperId: string, hash: string): string {
  return `ui:${shopperId}:${hash}`;
}

interface StoredPage {
  readonly version?: unknown;
  readonly ui?: { readonly html?: unknown };
  readonly meta?: { readonly content?: unknown };
  readonly shop_context?: { readonly shop_id?: unknown };
}

/**
 * Return the page stored under the key, or why there is none. One rendered from older content is
 * outdated: its prices may be, and the container renders it again from the layout stored with it.
 */
export async function findCachedPage(
  env: Pick<Env, "KV">,
  key: string,
  shop: Shop,
  timeoutMs: number,
): Promise<CacheLookup> {
  if (env.KV === undefined) return { html: null, kv: "absent" };
  try {
    const value = await withTimeout(timeoutMs, env.KV.get(key, "text"));
    return value === null ? { html: null, kv: "miss" } : readStoredPage(value, shop);
  } catch (error) {
    return { html: null, kv: error instanceof TimeoutError ? "slow" : "failed" };
  }
}

function readStoredPage(value: string, shop: Shop): CacheLookup {
  try {
    const { version, ui, meta, shop_context } = JSON.parse(value) as StoredPage;
    const html = ui?.html;
    const content = meta?.content;
    const isOurs = version === CODEC.VERSION && shop_context?.shop_id === shop.id;
    if (!isOurs || typeof html !== "string" || typeof content !== "string")
      return { html: null, kv: "miss" };
    return content === shop.content ? { html, kv: "hit" } : { html: null, kv: "outdated" };
  } catch {
    return { html: null, kv: "miss" };
  }
}
