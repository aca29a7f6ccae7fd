// The basket and the way to the checkout: an empty one as published, all else in the container.

import type { Shop } from "../assets/store.ts";
import { authorization } from "../container/generate.ts";
import { fetchWithRetry } from "../container/retry.ts";
import type { RequestContext } from "../context.ts";
import { fileHeaders } from "../responses.ts";
import { isSameOrigin } from "../same_origin.ts";
import { readBasket } from "../session/basket.ts";
import { BASKET, COOKIES } from "../shared/constants.ts";
import { track } from "../telemetry.ts";
import { readBodyInTime } from "../util/body.ts";
import { handleNotFound } from "./not_found.ts";
import { pageHeaders } from "./store.ts";

const NO_STORE = "private, no-store";
/** What the container goes by, beside what the Worker says itself. */
const FORWARDED = ["cookie", "dnt", "sec-gpc", "cf-connecting-ip"];

export async function handleBasket(
  context: RequestContext,
  shop: Shop,
  part: "basket" | "checkout",
): Promise<Response> {
  if (!shop.sells) return handleNotFound(context, shop);
  if (part === "basket" && (await asksForNothing(context, shop))) {
    const page = await context.assets.page(shop, "basket.html");
    return new Response(page?.body ?? null, { headers: pageHeaders(shop, "fallback", NO_STORE) });
  }
  const response = await forward(context, shop, await passOn(context, shop, part));
  track(context.env, { event: part, shop: shop.id, outcome: String(response?.status ?? "none") });
  return response === null
    ? outOfReach(context, shop, "no-basket.html")
    : fromContainer(context, shop, response);
}

/** Say whether a basket is only looked at, and has nothing in it. */
async function asksForNothing({ request, url, sessionSigner }: RequestContext, shop: Shop) {
  if (request.method === "POST" || url.search !== "") return false;
  const cookies = request.headers.get("cookie") ?? "";
  return (await readBasket(cookies, shop.basket, sessionSigner())).length === 0;
}

/** Makes the request by which a shopper's is passed on; the host says how: see IF_AWAKE. */
export type CreateRequest = (signal: AbortSignal, host?: string) => Request;

/** Pass a request on to the container, which may have to wake first; null where none answers. */
export async function forward(
  { container, request }: RequestContext,
  shop: Shop,
  createRequest: CreateRequest,
): Promise<Response | null> {
  if (container === null) return null;
  const key = routingKey(shop);
  return (await fetchWithRetry(container, createRequest, key, request.signal)).response;
}

export function routingKey(shop: Shop): string {
  return `${shop.id}|basket`;
}

export async function passOn(
  { env, request, url }: RequestContext,
  shop: Shop,
  part: string,
): Promise<CreateRequest> {
  const headers = new Headers(authorization(env));
  headers.set("sec-fetch-site", isSameOrigin(request) ? "same-origin" : "cross-site");
  for (const name of FORWARDED) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const { method } = request;
  const body = method === "POST" ? await readForm(request) : null;
  const path = `/s/${shop.id}/${part}${url.search}`;
  return (signal, host = "container.internal") =>
    new Request(`http://${host}${path}`, { method, headers, body, signal, redirect: "manual" });
}

/** Return a form; one that is too large or too slow as a body that the container refuses. */
async function readForm(request: Request): Promise<Uint8Array> {
  const body = await readBodyInTime(request, BASKET.MAX_BODY_BYTES).catch(() => null);
  return body ?? new Uint8Array(BASKET.MAX_BODY_BYTES + 1);
}

/** Return the container's answer with the headers of what comes from here. */
export function fromContainer({ url }: RequestContext, shop: Shop, response: Response): Response {
  const location = response.headers.get("location");
  const headers = new Headers(
    location === null
      ? pageHeaders(shop, "fallback", NO_STORE)
      : fileHeaders({ location, "cache-control": NO_STORE }),
  );
  // The container does not see by which scheme the shopper came.
  const secure = url.protocol === "https:";
  for (const cookie of response.headers.getSetCookie()) {
    const isPlain = secure && !cookie.startsWith(COOKIES.OF_HOST);
    headers.append("set-cookie", isPlain ? `${COOKIES.OF_HOST}${cookie}; Secure` : cookie);
    // What an earlier version has set must not come back.
    if (isPlain) headers.append("set-cookie", `${cookie.split("=")[0]}=; Max-Age=0; Path=/`);
  }
  return new Response(response.body, { status: response.status, headers });
}

/** Return the published page that says that the container does not answer. */
export async function outOfReach(
  { assets }: RequestContext,
  shop: Shop,
  name: string,
): Promise<Response> {
  const page = await assets.page(shop, name);
  const headers = { ...pageHeaders(shop, "fallback", NO_STORE), "retry-after": "5" };
  return new Response(page?.body ?? null, { status: 503, headers });
}
