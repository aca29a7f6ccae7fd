// GET the store: the shopper's kept page, or the shell at once while theirs is composed.

import { isCrawler } from "../crawlers.ts";
import { sha256Hex } from "../util/sha256.ts";
import { personaHash } from "../personas/key.ts";
import { NEWCOMER, type Persona } from "../personas/persona.ts";
import type { Shop } from "../assets/store.ts";
import type { Session } from "../session/cookies.ts";
import { type PersonaLookup, findPersona } from "../personas/lookup.ts";
import { startGeneration } from "../container/start_generation.ts";
import { newShopperAddress } from "../container/generate.ts";
import { type LookupOutcome, track } from "../telemetry.ts";
import type { RequestContext } from "../context.ts";
import { type Found, findKept, keptKey } from "./cache.ts";

interface Looked {
  readonly persona: Persona;
  readonly hash: string;
  readonly html: string | null;
  readonly db: LookupOutcome;
  readonly kv: LookupOutcome;
}

export async function answerStore(context: RequestContext, shop: Shop): Promise<Response> {
  const began = Date.now();
  const secure = context.url.protocol === "https:";
  const visitor = await context.sessionSigner().openSession(context.request, shop.id, began / 1000, secure);
  const looksOnly = visitor.isFirstVisit && context.request.method === "HEAD";
  if (looksOnly || isCrawler(context.request)) return anyones(context, shop);
  const looked = visitor.isFirstVisit ? await newShopper() : await look(context, visitor, shop);
  const late = looked.html === null ? await composeAnd(context, visitor, shop, looked) : null;
  const html = looked.html ?? late;
  const how = html === null ? "shell" : "kept";
  const answer = html === null ? await shell(context, shop, looked.persona) : await kept(context, shop, html);
  const ms = Date.now() - began;
  answer.headers.set("server-timing", `${how};dur=${ms}`);
  if (visitor.setCookie !== null) answer.headers.append("set-cookie", visitor.setCookie);
  const { db, kv, persona } = looked;
  track(context.env, { event: "page", shop: shop.id, how, persona: persona.type, kv, db, late: late !== null, ms });
  return answer;
}

/** Nothing is kept for somebody who has not been here: KV is not asked, and remembers no miss. */
async function newShopper(): Promise<Looked> {
  return { persona: NEWCOMER, hash: await personaHash(NEWCOMER), html: null, db: "unasked", kv: "unasked" };
}

/** Looks up persona and page; both together have `limits.lookup` to be found. */
async function look(context: RequestContext, visitor: Session, shop: Shop): Promise<Looked> {
  const until = Date.now() + context.limits.lookupMs;
  const { persona, db }: PersonaLookup = await findPersona(context.env, visitor.shopperId, shop.id, context.limits.lookupMs);
  const hash = await personaHash(persona);
  const left = Math.max(until - Date.now(), context.limits.lookupMs / 4);
  const { html, kv }: Found = await findKept(context.env, keptKey(visitor.shopperId, hash), shop, left);
  return { persona, hash, html, db, kv };
}

/**
 * Sets the composing going, which nobody waits for. A shopper who has been here before may have a
 * page that KV does not show yet: it remembers for a minute that there was none. The container has
 * that page in memory, so its answer is waited for, for a moment.
 */
async function composeAnd(context: RequestContext, visitor: Session, shop: Shop, looked: Looked): Promise<string | null> {
  if (context.container === null || context.request.method === "HEAD") return null;
  const { persona, hash } = looked;
  const from = newShopperAddress(context.request, visitor.isNewShopper);
  const going = startGeneration(context.container, { shop, shopperId: visitor.shopperId, persona, hash, newShopperAddress: from });
  context.waitUntil(going.finished);
  return visitor.isFirstVisit ? null : going.resultWithin(context.limits.cachedPageWaitMs);
}

async function kept(context: RequestContext, shop: Shop, html: string): Promise<Response> {
  const etag = `"${(await sha256Hex(html)).slice(0, 20)}"`;
  const same = context.request.headers.get("if-none-match")?.includes(etag) ?? false;
  const headers = pageHeaders(shop, "kept", "private, no-cache");
  headers.set("etag", etag);
  return same ? new Response(null, { status: 304, headers }) : new Response(html, { headers });
}

/** The page of somebody who does not shop: the catalog's own, with nothing to follow and no cookie. */
async function anyones(context: RequestContext, shop: Shop): Promise<Response> {
  const page = await context.assets.page(shop, "catalog.html");
  return new Response(page?.body ?? null, { headers: pageHeaders(shop, "fallback", "private, no-store") });
}

async function shell(context: RequestContext, shop: Shop, persona: Persona): Promise<Response> {
  const page =
    (await context.assets.page(shop, `shells/${persona.type}.html`)) ??
    (await context.assets.page(shop, `shells/${NEWCOMER.type}.html`));
  return new Response(page?.body ?? null, { headers: pageHeaders(shop, "shell", "private, no-store") });
}

export function pageHeaders(shop: Shop, how: string, caching: string): Headers {
  return new Headers({ ...shop.headers, "x-wandstore-page": how, "cache-control": caching });
}
