// The finished page from KV: version, shop and content are checked before any of it is shown.

import { latestMoment, type Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import { measured } from "../metrics/counters.ts";
import { CODEC, GENERATOR } from "../shared/constants.ts";
import type { LookupOutcome } from "../telemetry.ts";
import { remembered } from "../util/remembered.ts";
import { leftOf, TimeoutError, withTimeout } from "../util/timeout.ts";

export interface CacheLookup {
  readonly html: string | null;
  readonly kv: LookupOutcome;
  /** What decided the page: prompts, components and models. */
  readonly decision?: string;
  /** Whether it was composed for the rules that hold now before they did. */
  readonly ahead?: boolean;
}

export function cacheKey(shopperId: string, hash: string): string {
  return `ui:${shopperId}:${hash}`;
}

interface StoredValue {
  readonly version?: unknown;
  readonly ui?: { readonly html?: unknown; readonly components?: unknown };
  readonly meta?: {
    readonly content?: unknown;
    readonly valid_until?: unknown;
    readonly decision?: unknown;
  };
  readonly shop_context?: { readonly shop_id?: unknown };
}

interface StoredPage {
  readonly html: string;
  readonly slots: readonly string[];
  readonly content: string;
  readonly validUntil: unknown;
  readonly decision: unknown;
  readonly shopId: unknown;
}

/** KV mostly returns what it has returned before, and parsing a page takes longer than the rest. */
const parseOnce = remembered(parseStoredPage, 32);

/**
 * Return the page stored under the key, or why there is none. One rendered from older content, or
 * before the rules that hold now, is outdated: the container renders it again from its layout.
 * One without a `required` slot is incomplete: the container generates the rest. Where a shopper's
 * `own` page is found, this one is not read.
 */
export async function findCachedPage(
  env: Pick<Env, "KV">,
  key: string,
  shop: Shop,
  timeoutMs: number,
  required: readonly string[] = [],
  own?: Promise<CacheLookup>,
): Promise<CacheLookup> {
  if (env.KV === undefined) return { html: null, kv: "absent" };
  const startedAt = Date.now();
  try {
    const value = await measured("kv", "read", withTimeout(timeoutMs, env.KV.get(key, "stream")));
    if (value !== null && own !== undefined && (await own).html !== null) {
      await value.cancel();
      return { html: null, kv: "unasked" };
    }
    const leftMs = leftOf(timeoutMs, startedAt);
    const text = value && (await withTimeout(leftMs, new Response(value).text()));
    const page = text === null ? null : parseOnce(text);
    return page === null ? { html: null, kv: "miss" } : judge(page, shop, required);
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

/**
 * Return the whole page that shoppers of one persona share in a shop, or why there is none. While
 * the rules are new it may be there as it was composed ahead for them.
 */
export async function findSharedPage(
  env: Pick<Env, "KV">,
  hash: string,
  shop: Shop,
  timeoutMs: number,
  own?: Promise<CacheLookup>,
): Promise<CacheLookup> {
  const since = latestMoment(shop);
  const isNew = since !== undefined && Date.now() / 1000 < since + GENERATOR.TTL;
  const [page, ahead] = await Promise.all(
    ["", ...(isNew ? [`@${since}`] : [])].map((ending) =>
      findCachedPage(env, `plan:${shop.id}:${hash}${ending}`, shop, timeoutMs, shop.required, own),
    ),
  );
  const isAhead = page?.html === null && typeof ahead?.html === "string";
  return isAhead ? { ...ahead, ahead: true } : (page as CacheLookup);
}

function judge(page: StoredPage, shop: Shop, required: readonly string[]): CacheLookup {
  const { html, slots, content, validUntil, decision, shopId } = page;
  if (shopId !== shop.id) return { html: null, kv: "miss" };
  if (content !== shop.content || hasLapsed(validUntil)) return { html: null, kv: "outdated" };
  const isWhole = required.every((slot) => slots.includes(slot));
  if (!isWhole) return { html: null, kv: "incomplete" };
  return { html, kv: "hit", ...(typeof decision === "string" && { decision }) };
}

/** Return what a value of KV holds, null where it is no page. */
function parseStoredPage(value: string): StoredPage | null {
  try {
    const { version, ui, meta, shop_context } = JSON.parse(value) as StoredValue;
    const [html, content, slots] = [ui?.html, meta?.content, readSlots(ui?.components)];
    if (version !== CODEC.VERSION || slots === null) return null;
    if (typeof html !== "string" || typeof content !== "string") return null;
    const [validUntil, decision, shopId] = [
      meta?.valid_until,
      meta?.decision,
      shop_context?.shop_id,
    ];
    return { html, slots, content, validUntil, decision, shopId };
  } catch {
    return null;
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
