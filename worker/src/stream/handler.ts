// GET the stream: the container's events, passed on unread, to the shopper whose page it is.

import type { Shop } from "../assets/store.ts";
import { clientOf, requestPage } from "../container/generate.ts";
import type { FetchResult } from "../container/retry.ts";
import type { RequestContext } from "../context.ts";
import { isPrefetch } from "../crawlers.ts";
import { isPlain } from "../experiments/assign.ts";
import { pageOf } from "../experiments/stopped.ts";
import { findPersona } from "../personas/lookup.ts";
import { NEWCOMER } from "../personas/persona.ts";
import { json, plainText } from "../responses.ts";
import { isSameOrigin } from "../same_origin.ts";
import { consentOf } from "../session/consent.ts";
import { SHELLS, STREAM } from "../shared/constants.ts";
import { track } from "../telemetry.ts";

const STREAM_HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store, no-transform",
  "x-content-type-options": "nosniff",
  "x-accel-buffering": "no",
};

/**
 * Stream the events of the shopper's own page, after the last one seen. The cookie alone decides
 * whose page that is: whatever the address names, no other shopper's can be had. Without one, a
 * page that was fetched ahead begins its visit here.
 */
export async function handleStream(
  context: RequestContext,
  shop: Shop,
  pageId: string,
): Promise<Response> {
  const startedAt = Date.now();
  const consent = consentOf(context.request, shop);
  if (consent === "none") return plainText("no such page", 404);
  const personalise = consent === "personalise";
  const session = await context
    .sessionSigner()
    .openSession(context.request, shop.id, startedAt / 1000, personalise);
  if (session.isFirstVisit && !beginsVisit(context.request, pageId)) {
    return plainText("no such page", 404);
  }
  if (context.container === null) return errorResponse("CONTAINER_ERROR", 503);
  if (context.request.method === "HEAD") return new Response(null, { headers: STREAM_HEADERS });
  const { shopperId, isFirstVisit, isNewShopper, setCookie } = session;
  const { persona } = personalise
    ? await findPersona(context.env, shopperId, shop.id, context.limits.lookupMs)
    : { persona: NEWCOMER };
  const { arm, hash } = await pageOf(context.env, shop, shopperId, persona, startedAt / 1000);
  if (isPlain(arm)) return plainText("no such page", 404);
  const client = clientOf(context.request, shop, isNewShopper);
  const page = { shop, shopperId, persona, hash, client };
  const lastEventId = context.request.headers.get("last-event-id") ?? "";
  const resumed = STREAM.EVENT_ID.test(lastEventId);
  const headers = { accept: "text/event-stream", ...(resumed && { "last-event-id": lastEventId }) };
  const result = await requestPage(context.container, page, headers, context.request.signal);
  const { outcome, attempts, trace } = result;
  track(context.env, {
    event: "stream",
    shop: shop.id,
    outcome,
    attempts,
    resumed,
    trace,
    ms: Date.now() - startedAt,
  });
  const response = await toStream(result);
  if (isFirstVisit && setCookie !== null) response.headers.append("set-cookie", setCookie);
  return response;
}

/** Say whether a page of ours that was fetched ahead asks for its events now that it is shown. */
function beginsVisit(request: Request, pageId: string): boolean {
  const isFirst = pageId === SHELLS.VISIT && !request.headers.has("last-event-id");
  return isFirst && request.method === "GET" && isSameOrigin(request) && !isPrefetch(request);
}

/** Return the container's stream, its body piped by the runtime alone, or the matching error. */
async function toStream({ response, outcome }: FetchResult): Promise<Response> {
  const isStream = response?.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (response?.status === 200 && isStream) {
    return new Response(response.body, { headers: STREAM_HEADERS });
  }
  await response?.body?.cancel();
  if (outcome === "429") return errorResponse("RATE_LIMITED", 429, { "retry-after": "5" });
  if (outcome === "503") return errorResponse("MODEL_UNAVAILABLE", 503, { "retry-after": "5" });
  if (outcome === "late") return errorResponse("TIMEOUT", 504);
  return errorResponse("CONTAINER_ERROR", 500);
}

/** Return a retryable error: the browser tries again by itself, for a while. */
function errorResponse(
  code: string,
  status: number,
  extraHeaders: Readonly<Record<string, string>> = {},
): Response {
  const message = "We could not arrange this page for you. The whole shop is here all the same.";
  return json({ status: "error", error: { code, message, retryable: true } }, status, extraHeaders);
}
