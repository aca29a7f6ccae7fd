// POST /signals: what shoppers did, reported when the page is left; answered as by the container.

import type { Shop } from "../assets/store.ts";
import type { ContainerClient } from "../container/client.ts";
import { clientOf, type PageRequest } from "../container/generate.ts";
import { generatePage } from "../container/start_generation.ts";
import type { RequestContext } from "../context.ts";
import { isPlain } from "../experiments/assign.ts";
import { pageOf } from "../experiments/stopped.ts";
import { measured } from "../metrics/counters.ts";
import { findSharedPage } from "../pages/cache.ts";
import type { Fact } from "../personas/fact.ts";
import { learn } from "../personas/learner.ts";
import { fileHeaders, json } from "../responses.ts";
import { isSameOrigin } from "../same_origin.ts";
import { originsOf, readBasket } from "../session/basket.ts";
import { mayPersonalise } from "../session/consent.ts";
import { isNewShopper, type VerifiedSession } from "../session/cookies.ts";
import { FACTS, LEARNER, SIGNALS } from "../shared/constants.ts";
import { track } from "../telemetry.ts";
import { readBodyInTime } from "../util/body.ts";
import { rateLimitKey } from "../util/network.ts";
import { RateLimiter } from "../util/rate_limit.ts";
import { TimeoutError } from "../util/timeout.ts";
import { trimAscii } from "../util/whitespace.ts";
import { type Origins, type SignalProducts, toFact } from "./facts.ts";
import { type Deed, parseSignals, SignalsError } from "./schema.ts";
import { storeViews, toRows, type ViewRow } from "./views.ts";

const SECONDS_PER_DAY = 86_400;
const shopperLimiter = new RateLimiter(SIGNALS.SHOPPER_RATE);
const addressLimiter = new RateLimiter(SIGNALS.ADDRESS_RATE);
/** Limits the pages generated ahead for a shopper: any other is generated at the next visit. */
const prefetchLimiter = new RateLimiter(LEARNER.PREFETCH_RATE);

export async function handleSignals(context: RequestContext, shop: Shop | null): Promise<Response> {
  const trackOutcome = (outcome: string): void =>
    track(context.env, { event: "signals", shop: shop?.id ?? "", outcome });
  try {
    trackOutcome(await acceptSignals(context, shop));
    const headers = fileHeaders({ "cache-control": "no-store" });
    return new Response(null, { status: 204, headers });
  } catch (error) {
    if (!(error instanceof SignalsError)) throw error;
    trackOutcome(error.code.toLowerCase());
    return errorResponse(error);
  }
}

/** Check, read and store a report; return the outcome for telemetry. */
async function acceptSignals(context: RequestContext, shop: Shop | null): Promise<string> {
  const { headers } = context.request;
  const now = Date.now() / 1000;
  enforceRate(addressLimiter, rateLimitKey(headers.get("cf-connecting-ip") ?? "unknown"), now);
  if (!isSameOrigin(context.request))
    throw new SignalsError(403, "CROSS_ORIGIN", "only a page of this shop may tell");
  if (trimAscii(headers.get("content-type")?.split(";")[0] ?? "") !== "application/json") {
    throw new SignalsError(415, "NOT_JSON", "the content type must be application/json");
  }
  if (shop === null) throw new SignalsError(404, "UNKNOWN_SHOP", "there is no such shop");
  const session = await context.sessionSigner().verifyRequest(context.request, shop.id, now);
  if (session === null) throw new SignalsError(401, "UNKNOWN_SHOPPER", "there is no valid cookie");
  enforceRate(shopperLimiter, session.shopperId, now);
  if (!mayPersonalise(context.request, shop)) return "not_wanted";
  const events = parseSignals(await readSignals(context.request));
  const deeds = events.filter((event): event is Deed => event.slot === "");
  const views = events.filter(({ slot }) => slot !== "");
  const products = await context.assets.readJson<SignalProducts>(shop, "goods.json");
  const counted = await countViews(
    context,
    shop,
    session.shopperId,
    toRows(views, products, shop.slots),
  );
  const day = Math.floor(now / SECONDS_PER_DAY);
  const origins = await findOrigins(context, shop, deeds);
  const results = deeds.map((event) => toFact(event, shop, products, day, origins));
  const facts = results.filter((result) => typeof result !== "string");
  if (facts.length > 0) return storeFacts(context, shop, session, facts, now);
  if (counted) return "taken";
  const [code = "UNKNOWN_SLOT"] = results.filter((result) => typeof result === "string");
  throw new SignalsError(400, code, "the shop has nothing of that name", "events");
}

/** Return where the products of the shopper's basket were shown, if any event is about it. */
async function findOrigins(
  { request, sessionSigner }: RequestContext,
  shop: Shop,
  deeds: readonly Deed[],
): Promise<Origins> {
  if (!deeds.some(({ kind }) => FACTS.BASKET_KINDS.some((known) => known === kind)))
    return new Map();
  const cookies = request.headers.get("cookie") ?? "";
  return originsOf(await readBasket(cookies, shop.basket, sessionSigner()));
}

/** Store what was seen of the store page; say whether there was anything that the shop knows. */
async function countViews(
  { env }: RequestContext,
  shop: Shop,
  shopperId: string,
  rows: readonly ViewRow[],
): Promise<boolean> {
  if (rows.length === 0) return false;
  const storing = storeViews(env, shopperId, shop, rows, Date.now() / 1000);
  await measured("database", "write", storing).catch(throwNotStored);
  return true;
}

/** Store facts; where they change what the shopper's page is to be, start it for their next visit. */
async function storeFacts(
  context: RequestContext,
  shop: Shop,
  { shopperId, expires }: VerifiedSession,
  facts: readonly Fact[],
  now: number,
): Promise<string> {
  const { DB } = context.env;
  if (DB === undefined) return throwNotStored();
  const { persona, changed, isStored, viewed } = await measured(
    "database",
    "write",
    learn(DB, shopperId, shop.id, facts),
  ).catch(throwNotStored);
  const taken = isStored ? "taken" : "persona_not_stored";
  const isKnown = persona.confidence > 0;
  const showsViews = isKnown && shop.own_from > 0 && viewed >= shop.own_from;
  const isDue = changed || (showsViews && facts.some(({ kind }) => kind === "view"));
  if (!isDue || context.container === null || prefetchLimiter.acquire(shopperId, now) > 0)
    return taken;
  const { arm, hash } = await pageOf(context.env, shop, shopperId, persona, now);
  const outcome = changed && isStored ? "changed" : taken;
  if (isPlain(arm)) return outcome;
  const client = clientOf(context.request, shop, isNewShopper(expires, now));
  const page = { shop, shopperId, persona, hash, client };
  context.waitUntil(generateAhead(context, context.container, page, showsViews));
  return outcome;
}

/**
 * Generate the page of the next visit. The one that all shoppers of its persona share will do, where
 * there is one, but for who is shown what they viewed.
 */
async function generateAhead(
  { env, limits }: RequestContext,
  container: ContainerClient,
  page: PageRequest,
  showsViews: boolean,
): Promise<void> {
  const found =
    showsViews || (await findSharedPage(env, page.hash, page.shop, limits.lookupMs)).html;
  if (found === true || found === null) await generatePage(container, page);
}

function throwNotStored(): never {
  throw new SignalsError(503, "NOT_STORED", "this could not be noted", "", 5);
}

async function readSignals(request: Request): Promise<Uint8Array> {
  const body = await readBodyInTime(request, SIGNALS.MAX_BODY_BYTES).catch((error: unknown) => {
    throw error instanceof TimeoutError
      ? new SignalsError(408, "TIMEOUT", "the body did not come in time")
      : error;
  });
  if (body !== null) return body;
  const limit = `a body has at most ${SIGNALS.MAX_BODY_BYTES} bytes`;
  throw new SignalsError(413, "TOO_LARGE", limit);
}

function enforceRate(limiter: RateLimiter, key: string, now: number): void {
  const wait = limiter.acquire(key, now);
  if (wait > 0) throw new SignalsError(429, "RATE_LIMITED", "too many signals", "", wait);
}

function errorResponse({ status, code, reason, field, retryAfter }: SignalsError): Response {
  const error = {
    code,
    message: reason,
    retryable: status === 429 || status === 503,
    ...(field && { field }),
  };
  return json(
    { error },
    status,
    retryAfter > 0 ? { "retry-after": String(Math.ceil(retryAfter)) } : {},
  );
}
