// The finished page from KV: version, shop and content are checked before any of it is shown.

import type { Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { measured } from "../metrics/counters.ts";
import { CODEC } from "../shared/constants.ts";
import type { LookupOutcome } from "../telemetry.ts";
import { TimeoutError, withTimeout } from "../util/timeout.ts";

export interface CacheLookup {
  readonly html: string | null;
  readonly kv: LookupOutcome;
  /** What decided the page: prompts, components and models. */
  readonly decision?: string;
}

export function cacheKey(shopperId: string, hash: string): string {
  return `ui:${shopperId}:${hash}`;
}

interface StoredPage {
  readonly version?: unknown;
  readonly ui?: { readonly html?: unknown; readonly components?: unknown };
  readonly meta?: {
    readonly content?: unknown;
    readonly valid_until?: unknown;
    readonly decision?: unknown;
  };
  readonly shop_context?: { readonly shop_id?: unknown };
}

/**
 * Return the page stored under the key, or why there is none. One rendered from older content, or
 * before the rules that hold now, is outdated: the container renders it again from its layout.
 * One without a `required` slot is incomplete: the container generates the rest.
 */
export async function findCachedPage(
  env: Pick<Env, "KV">,
  key: string,
  shop: Shop,
  timeoutMs: number,
  required: readonly string[] = [],
): Promise<CacheLookup> {
  if (env.KV === undefined) return { html: null, kv: "absent" };
  try {
    const value = await measured("kv", "read", withTimeout(timeoutMs, env.KV.get(key, "text")));
    return value === null ? { html: null, kv: "miss" } : readStoredPage(value, shop, required);
  } catch (error) {
    return { html: null, kv: error instanceof TimeoutError ? "slow" : "failed" };
  }
}

/** Return what decided the page that a shopper sees: their own, or the one of their persona. */
export async function findDecision(
  env: Pick<Env, "KV">,
  shopperId: string,
  hash: string,
  shop: Shop,
  timeoutMs: number,
): Promise<string> {
  const [own, shared] = await Promise.all([
    findCachedPage(env, cacheKey(shopperId, hash), shop, timeoutMs),
    findSharedPage(env, hash, shop, timeoutMs),
  ]);
  return (own.html === null ? shared : own).decision ?? "";
}

/** Return the whole page that shoppers of one persona share in a shop, or why there is none. */
export async function findSharedPage(
  env: Pick<Env, "KV">,
  hash: string,
  shop: Shop,
  timeoutMs: number,
): Promise<CacheLookup> {
  return findCachedPage(env, `plan:${shop.id}:${hash}`, shop, timeoutMs, shop.required);
}

function readStoredPage(value: string, shop: Shop, required: readonly string[]): CacheLookup {
  try {
    const { version, ui, meta, shop_context } = JSON.parse(value) as StoredPage;
    const html = ui?.html;
    const content = meta?.content;
    const slots = readSlots(ui?.components);
    const isOurs = version === CODEC.VERSION && shop_context?.shop_id === shop.id;
    if (!isOurs || typeof html !== "string" || typeof content !== "string" || slots === null)
      return { html: null, kv: "miss" };
    if (content !== shop.content || hasLapsed(meta?.valid_until))
      return { html: null, kv: "outdated" };
    const isWhole = required.every((slot) => slots.includes(slot));
    if (!isWhole) return { html: null, kv: "incomplete" };
    const { decision } = meta ?? {};
    return { html, kv: "hit", ...(typeof decision === "string" && { decision }) };
  } catch {
    return { html: null, kv: "miss" };
  }
}

/** Say whether other rules of the merchant's have begun to hold since the page was rendered. */
function hasLapsed(validUntil: unknown): boolean {
  return typeof validUntil === "number" && validUntil !== 0 && validUntil * 1000 <= Date.now();
}

interface StoredComponent {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly config?: unknown;
}

/** Return the slots that the components fill; null where one of them is no component. */
function readSlots(components: unknown): string[] | null {
  if (!Array.isArray(components)) return null;
  const slots = (components as StoredComponent[]).map(({ type, id, config }) =>
    typeof type === "string" && isObject(config) ? id : null,
  );
  return slots.every((slot) => typeof slot === "string") ? slots : null;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
