// GET the stream: the container's events, passed on as they are, to the shopper whose page it is.

import { plainText, json } from "../responses.ts";
import type { Shop } from "../assets/store.ts";
import { personaHash } from "../personas/key.ts";
import { isNewShopper } from "../session/cookies.ts";
import { findPersona } from "../personas/lookup.ts";
import { track } from "../telemetry.ts";
import type { FetchResult } from "../container/retry.ts";
import type { RequestContext } from "../context.ts";
import { requestPage, newShopperAddress } from "../container/generate.ts";

const EVENT_ID = /^\d{1,19}$/;

/**
 * Answers with the events of the shopper's own page, after the last one seen. Whose page it is, the
 * cookie says and nothing else: whatever the address names, no other shopper's can be had.
 */
export async function answerStream(context: RequestContext, shop: Shop): Promise<Response> {
  const began = Date.now();
  const known = await context.sessionSigner().verifyRequest(context.request, shop.id, began / 1000);
  if (known === null) return plainText("no such page", 404);
  if (context.container === null) return refusal("CONTAINER_ERROR", 503);
  if (context.request.method === "HEAD") return new Response(null, { headers: EVENTS });
  const { persona } = await findPersona(context.env, known.shopperId, shop.id, context.limits.lookupMs);
  const wanted = {
    shop,
    shopperId: known.shopperId,
    persona,
    hash: await personaHash(persona),
    newShopperAddress: newShopperAddress(context.request, isNewShopper(known.expires, began / 1000)),
  };
  const last = context.request.headers.get("last-event-id") ?? "";
  const resumed = EVENT_ID.test(last);
  const headers = { accept: "text/event-stream", ...(resumed && { "last-event-id": last }) };
  const asked = await requestPage(context.container, wanted, headers, context.request.signal);
  const outcome = asked.outcome;
  track(context.env, { event: "stream", shop: shop.id, outcome, attempts: asked.attempts, resumed, ms: Date.now() - began });
  return passedOn(asked);
}

const EVENTS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

/** The body goes to the browser as it is, by the runtime alone: nothing of ours reads it. */
async function passedOn({ response: answer, outcome }: FetchResult): Promise<Response> {
  const isStream = answer?.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (answer?.status === 200 && isStream) {
    return new Response(answer.body, { headers: EVENTS });
  }
  await answer?.body?.cancel();
  if (outcome === "429") return refusal("RATE_LIMITED", 429, { "retry-after": "5" });
  if (outcome === "503") return refusal("MODEL_UNAVAILABLE", 503, { "retry-after": "5" });
  if (outcome === "late") return refusal("TIMEOUT", 504);
  return refusal("CONTAINER_ERROR", 500);
}

/** Every refusal is one after which the browser tries again by itself, for a while. */
function refusal(code: string, status: number, more: Readonly<Record<string, string>> = {}): Response {
  const message = "We could not arrange this page for you. The whole shop is here all the same.";
  return json({ status: "error", error: { code, message, retryable: true } }, status, more);
}
