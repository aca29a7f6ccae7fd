// POST /shopify/webhooks: passed on to the container, which asks the store what has changed.

import type { RequestContext } from "../context.ts";
import { handleNotFound } from "../pages/not_found.ts";
import { fileHeaders } from "../responses.ts";
import { SHOPIFY } from "../shared/constants.ts";
import { track } from "../telemetry.ts";
import { readBodyInTime } from "../util/body.ts";
import { importSecret, isEqual, sign } from "../util/hmac.ts";
import { withTimeout } from "../util/timeout.ts";
import { IF_AWAKE } from "./client.ts";
import { authorization } from "./generate.ts";

/** Shopify waits for 5 s, and sends again what was not answered. */
const TIMEOUT_MS = 4_000;
const PASSED_ON = [
  "content-type",
  "x-shopify-topic",
  "x-shopify-hmac-sha256",
  "x-shopify-webhook-id",
];

/**
 * Pass a signed webhook on. One instance is woken for it; the others hear of it if they are awake, and
 * read all of the store when they begin.
 */
export async function handleWebhook(context: RequestContext): Promise<Response> {
  const { container, env, request } = context;
  const { WANDSTORE_SHOPIFY_SECRET: secret, WANDSTORE_SHOPIFY_STORE: store } = env;
  if (!secret || !store) return handleNotFound(context, null);
  const body = await readBodyInTime(request, SHOPIFY.MAX_BODY_BYTES).catch(() => undefined);
  if (body === undefined) return outcome(408);
  if (body === null) return outcome(413);
  const signature = request.headers.get("x-shopify-hmac-sha256") ?? "";
  const expected = await sign(await importSecret(secret), body);
  if (!isEqual(signature, expected.toBase64())) return outcome(401);
  if (container === null) return outcome(503);
  const headers = new Headers(authorization(env));
  for (const name of PASSED_ON) headers.set(name, request.headers.get(name) ?? "");
  const send = async (instance: string, at: number): Promise<number> => {
    const host = at === 0 ? "container.internal" : IF_AWAKE;
    const init = { method: "POST", headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) };
    const address = new Request(`http://${host}/shopify/webhooks`, init);
    const response = await withTimeout(TIMEOUT_MS, container.fetchInstance(address, instance));
    await response.body?.cancel();
    return response.status;
  };
  const [first] = await Promise.allSettled(container.instances.map(send));
  const status = first?.status === "fulfilled" ? first.value : 503;
  return outcome([200, 413, 503].includes(status) ? status : 503);

  function outcome(status: number): Response {
    track(env, { event: "webhook", outcome: String(status) });
    return new Response(null, { status, headers: fileHeaders({}) });
  }
}
