// GET the store: a cached page, or the shell at once while the shopper's is generated.

import { isCached, unlessNotModified } from "../assets/files.ts";
import type { Shop } from "../assets/store.ts";
import { clientOf } from "../container/generate.ts";
import { generatePage } from "../container/start_generation.ts";
import type { RequestContext } from "../context.ts";
import { isCrawler, isPrefetch, isSubresource } from "../crawlers.ts";
import { type Assignment, isPlain } from "../experiments/assign.ts";
import { pageOf } from "../experiments/stopped.ts";
import { findPersona } from "../personas/lookup.ts";
import { NEWCOMER, type Persona } from "../personas/persona.ts";
import { consentOf } from "../session/consent.ts";
import type { Session } from "../session/cookies.ts";
import { HTTP_BODY } from "../shared/constants.ts";
import { type LookupOutcome, track } from "../telemetry.ts";
import { remembered } from "../util/remembered.ts";
import { sha256Hex } from "../util/sha256.ts";
import { leftOf, withTimeout } from "../util/timeout.ts";
import { cacheKey, findCachedPage, findSharedPage } from "./cache.ts";

/** Not `no-store`, which browsers take to forbid their back/forward cache as well. */
export const PRIVATE = "private, no-cache";

interface Lookup {
  readonly persona: Persona;
  readonly hash: string;
  readonly arm: Assignment;
  readonly html: string | null;
  readonly db: LookupOutcome;
  readonly kv: LookupOutcome;
  readonly shared: LookupOutcome;
}

export async function handleStore(context: RequestContext, shop: Shop): Promise<Response> {
  const { request, env } = context;
  const consent = consentOf(request, shop);
  const isAnonymous = consent === "none" || isCrawler(request) || isSubresource(request);
  if (isAnonymous) return anonymousPage(context, shop);
  const personalise = consent === "personalise";
  const isOnlyLooking = request.method === "HEAD" || isPrefetch(request); // nobody may ever see it
  if (isOnlyLooking) return preview(context, shop, personalise);
  const startedAt = Date.now();
  const signer = context.sessionSigner();
  const session = await signer.openSession(request, shop.id, startedAt / 1000, personalise);
  const lookup = session.isFirstVisit
    ? await firstVisit(context, session.shopperId, shop)
    : await lookUp(context, session.shopperId, shop, personalise);
  const plain = isPlain(lookup.arm); // which is never generated
  const isMissing = lookup.html === null && !plain;
  const generated = isMissing ? await generateOrWait(context, session, shop, lookup) : null;
  const html = lookup.html ?? generated;
  const how = plain ? "fallback" : html === null ? "shell" : "kept";
  const response = await responseOf(context, shop, { ...lookup, html });
  const ms = Date.now() - startedAt;
  response.headers.set("server-timing", `${how};dur=${ms}`);
  if (session.setCookie !== null) response.headers.append("set-cookie", session.setCookie);
  const { db, kv, shared } = lookup;
  const persona = lookup.persona.type;
  const late = generated !== null;
  track(env, { event: "page", shop: shop.id, how, persona, kv, shared, db, late, ms });
  return response;
}

/**
 * Respond to who asks ahead of a shopper, or for the headers alone: nothing is generated, stored or
 * set. A shell that is fetched ahead begins the visit once it is shown, with its stream.
 */
async function preview(
  context: RequestContext,
  shop: Shop,
  personalise: boolean,
): Promise<Response> {
  const { request } = context;
  const now = Date.now() / 1000;
  const session = await context.sessionSigner().verifyRequest(request, shop.id, now);
  if (session === null) {
    const isHead = request.method === "HEAD";
    return isHead ? anonymousPage(context, shop) : shell(context, shop, "ahead.html");
  }
  const lookup = await lookUp(context, session.shopperId, shop, personalise);
  return responseOf(context, shop, lookup);
}

async function responseOf(context: RequestContext, shop: Shop, lookup: Lookup): Promise<Response> {
  const { arm, html, persona } = lookup;
  if (isPlain(arm)) return anonymousPage(context, shop, persona);
  return html === null
    ? shell(context, shop, shellOf(persona), arm.pins)
    : cachedPage(context, shop, html);
}

/** Look up the newcomers' page only: KV would remember for a minute that there is no own one. */
async function firstVisit(
  { env, limits }: RequestContext,
  shopperId: string,
  shop: Shop,
): Promise<Lookup> {
  const page = await pageOf(env, shop, shopperId, NEWCOMER, Date.now() / 1000);
  const found = { persona: NEWCOMER, ...page, db: "unasked", kv: "unasked" } as const;
  if (isPlain(page.arm)) return { ...found, html: null, shared: "unasked" };
  const { html, kv: shared } = await findSharedPage(env, page.hash, shop, limits.lookupMs);
  return { ...found, html, shared };
}

/** Look up persona and page, own and shared at once; all together have `limits.lookupMs`. */
async function lookUp(
  { env, limits }: RequestContext,
  shopperId: string,
  shop: Shop,
  personalise: boolean,
): Promise<Lookup> {
  const startedAt = Date.now();
  const { persona, db } = personalise
    ? await findPersona(env, shopperId, shop.id, limits.lookupMs)
    : ({ persona: NEWCOMER, db: "unasked" } as const);
  const { arm, hash } = await pageOf(env, shop, shopperId, persona, startedAt / 1000);
  const page = { persona, arm, hash };
  if (isPlain(arm)) return { ...page, html: null, db, kv: "unasked", shared: "unasked" };
  const remainingMs = leftOf(limits.lookupMs, startedAt);
  const key = cacheKey(shopperId, hash);
  const own = findCachedPage(env, key, shop, remainingMs);
  const sharedPage = findSharedPage(env, hash, shop, remainingMs, own);
  const { html, kv } = await own;
  const found = { ...page, db, kv };
  if (html !== null) return { ...found, html, shared: "unasked" };
  const shared = await sharedPage;
  if (kv === "outdated" && !shared.ahead) return { ...found, html, shared: "unasked" };
  return { ...found, html: shared.html, shared: shared.kv };
}

/**
 * Start the page's generation, which runs on after the response. A returning shopper may have a
 * page that KV does not show yet, since it remembers a miss for a minute. The container has that
 * page in memory, so its response is awaited for `limits.cachedPageWaitMs`.
 */
async function generateOrWait(
  context: RequestContext,
  session: Session,
  shop: Shop,
  lookup: Lookup,
): Promise<string | null> {
  if (context.container === null) return null;
  const { persona, hash } = lookup;
  const client = clientOf(context.request, shop, session.isNewShopper);
  const page = { shop, shopperId: session.shopperId, persona, hash, client };
  const html = generatePage(context.container, page);
  context.waitUntil(html);
  if (session.isFirstVisit) return null;
  return withTimeout(context.limits.cachedPageWaitMs, html).catch(() => null);
}

/** Is the digest of a page, which most shoppers share. */
const digestOf = remembered(sha256Hex, 32);

async function cachedPage(context: RequestContext, shop: Shop, html: string): Promise<Response> {
  const etag = `"${(await digestOf(html)).slice(0, HTTP_BODY.ETAG_DIGITS)}"`;
  const headers = { ...pageHeaders(shop, "kept", PRIVATE), etag };
  if (isCached(context.request, etag)) return new Response(null, { status: 304, headers });
  return new Response(html, { headers });
}

/**
 * Return the catalog page, which has no stream to follow: for whoever is no shopper, and for those
 * of a plain arm, whose persona has one of its own unless it is the newcomers'.
 */
async function anonymousPage(
  { assets }: RequestContext,
  shop: Shop,
  { type } = NEWCOMER,
): Promise<Response> {
  const own = type === NEWCOMER.type ? null : await assets.storePage(shop, `plain/${type}.html`);
  const page = own ?? (await assets.storePage(shop, "catalog.html"));
  const headers = pageHeaders(shop, "fallback", PRIVATE);
  return new Response(page?.body ?? null, { headers });
}

function shellOf({ type }: Persona): string {
  return `shells/${type}.html`;
}

async function shell(
  { assets }: RequestContext,
  shop: Shop,
  name: string,
  pins = true,
): Promise<Response> {
  const page =
    (await assets.storePage(shop, name, pins)) ??
    (await assets.storePage(shop, shellOf(NEWCOMER), pins));
  const headers = pageHeaders(shop, "shell", PRIVATE);
  return new Response(page?.body ?? null, { headers });
}

/** Return a published page of the catalog, or 304 where the browser has it as it is. */
export async function publishedPage(
  { request }: RequestContext,
  shop: Shop,
  page: Response,
): Promise<Response> {
  return unlessNotModified(request, page, pageHeaders(shop, "fallback", "no-cache"));
}

/** Return a page's headers; those that come with a shop where there is one. */
export function pageHeaders(
  shop: Shop | null,
  how: string,
  caching: string,
): Record<string, string> {
  return { ...shop?.headers, "x-wandstore-page": how, "cache-control": caching, vary: "accept" };
}
