// POST /signals: what a shopper did, told by the page when it is left; answered as by the container.

import { TimeoutError, withTimeout } from "../util/timeout.ts";
import { fileHeaders, json } from "../responses.ts";
import type { Fact } from "../personas/fact.ts";
import type { Shop } from "../assets/store.ts";
import { isNewShopper, type VerifiedSession } from "../session/cookies.ts";
import { startGeneration } from "../container/start_generation.ts";
import { newShopperAddress } from "../container/generate.ts";
import { track } from "../telemetry.ts";
import type { RequestContext } from "../context.ts";
import { BadBeacon, readBeacon, type Told } from "./schema.ts";
import { learn } from "../personas/learner.ts";
import { RateLimiter } from "../util/rate_limit.ts";
import { type Goods, witness } from "./facts.ts";

const LARGEST = 8192;
const READING = 10_000;
const SECONDS_A_DAY = 86_400;
const shoppers = new RateLimiter({ burst: 30, seconds: 2 });
const addresses = new RateLimiter({ burst: 240, seconds: 0.25 });
/** Pages composed ahead for one shopper: whoever changes faster waits for the next context. */
const refreshes = new RateLimiter({ burst: 5, seconds: 60 });

class Refused extends Error {
  override readonly name = "Refused";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly why: string,
    readonly field = "",
    readonly wait = 0,
  ) {
    super(code);
  }
}

export async function answerSignals(context: RequestContext, shop: Shop | null): Promise<Response> {
  try {
    const outcome = await take(context, shop);
    track(context.env, { event: "signals", shop: shop?.id ?? "", outcome });
    return new Response(null, { status: 204, headers: fileHeaders({ "cache-control": "no-store" }) });
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    track(context.env, { event: "signals", shop: shop?.id ?? "", outcome: refused.code.toLowerCase() });
    return refusal(refused);
  }
}

/** Takes a beacon; returns what came of it. */
async function take(context: RequestContext, shop: Shop | null): Promise<string> {
  const { headers } = context.request;
  const now = Date.now() / 1000;
  keepPace(addresses, headers.get("cf-connecting-ip") ?? "unknown", now);
  if (!fromOurPage(context)) throw new Refused(403, "CROSS_ORIGIN", "only a page of this shop may tell");
  if (headers.get("content-type")?.split(";")[0]?.trim() !== "application/json") {
    throw new Refused(415, "NOT_JSON", "the content type must be application/json");
  }
  if (shop === null) throw new Refused(404, "UNKNOWN_SHOP", "there is no such shop");
  const known = await context.sessionSigner().verifyRequest(context.request, shop.id, now);
  if (known === null) throw new Refused(401, "UNKNOWN_SHOPPER", "there is no valid cookie");
  keepPace(shoppers, known.shopperId, now);
  if (headers.get("dnt") === "1" || headers.get("sec-gpc") === "1") return "not_wanted";
  const facts = await witnessed(context, shop, told(await bodyInTime(context.request)), Math.floor(now / SECONDS_A_DAY));
  return note(context, shop, known, facts, now);
}

async function note(context: RequestContext, shop: Shop, known: VerifiedSession, facts: readonly Fact[], now: number): Promise<string> {
  const { DB } = context.env;
  const { shopperId } = known;
  const later = new Refused(503, "NOT_STORED", "this could not be noted", "", 5);
  if (DB === undefined) throw later;
  const learnt = await learn(DB, shopperId, shop.id, facts).catch(() => {
    throw later;
  });
  if (!learnt.changed || context.container === null || refreshes.acquire(shopperId, now) > 0) return "taken";
  // The page for whom the shopper has become is composed now, to be there at the next context.
  const from = newShopperAddress(context.request, isNewShopper(known.expires, now));
  context.waitUntil(startGeneration(context.container, { shop, shopperId, persona: learnt.persona, hash: learnt.hash, newShopperAddress: from }).finished);
  return "changed";
}

/** Returns what the catalog bears out of it; refuses where that is nothing. */
async function witnessed(context: RequestContext, shop: Shop, all: readonly Told[], day: number): Promise<Fact[]> {
  const goods = await context.assets.readJson<Goods>(shop, "goods.json");
  const found = all.map((one) => witness(one, shop, goods, day));
  const facts = found.filter((one) => typeof one !== "string");
  const [code = ""] = found.filter((one) => typeof one === "string");
  if (facts.length === 0) throw new Refused(400, code, "the shop has nothing of that name", "events");
  return facts;
}

function told(text: string): Told[] {
  try {
    return readBeacon(text);
  } catch (bad) {
    if (bad instanceof BadBeacon) throw new Refused(400, "INVALID_SIGNALS", bad.message, bad.field);
    throw bad;
  }
}

async function bodyInTime(request: Request): Promise<string> {
  return withTimeout(READING, bodyOf(request)).catch((error: unknown) => {
    throw error instanceof TimeoutError ? new Refused(408, "TIMEOUT", "the body did not come in time") : error;
  });
}

async function bodyOf(request: Request): Promise<string> {
  const reader = request.body?.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
    size += piece.value.byteLength;
    if (size > LARGEST) throw new Refused(413, "TOO_LARGE", `a body has at most ${LARGEST} bytes`);
    pieces.push(piece.value);
  }
  return new Blob(pieces).text();
}

/** Browsers that send `Sec-Fetch-Site` state it themselves; others send the page's `Origin`. */
function fromOurPage({ request, url }: RequestContext): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = request.headers.get("origin")?.toLowerCase() ?? "";
  return origin === `https://${url.host}` || origin === `http://${url.host}`;
}

function keepPace(pace: RateLimiter, name: string, now: number): void {
  const wait = pace.acquire(name, now);
  if (wait > 0) throw new Refused(429, "RATE_LIMITED", "too many signals", "", wait);
}

function refusal({ status, code, why, field, wait }: Refused): Response {
  const error = { code, message: why, retryable: status === 429 || status === 503, ...(field && { field }) };
  return json({ error }, status, wait > 0 ? { "retry-after": String(Math.ceil(wait)) } : {});
}
