// POST /generate at the container, for a page's event stream or for the finished page as JSON.

import { tracing } from "cloudflare:workers";
import type { AssetStore, Shop } from "../assets/store.ts";
import type { Env } from "../env.ts";
import type { Persona } from "../personas/persona.ts";
import { mayPersonalise } from "../session/consent.ts";
import type { ContainerClient } from "./client.ts";
import { type FetchResult, fetchWithRetry } from "./retry.ts";

const TRACE_ID = /^[0-9a-f]{32}$/;
const SPAN_ID = /^[0-9a-f]{16}$/;

/** Names a page to generate: the shop's, for a shopper and their persona. */
export interface PageRequest {
  readonly shop: Shop;
  readonly shopperId: string;
  readonly persona: Persona;
  readonly hash: string;
  /** For whom the page is, as the container's limits count it. */
  readonly client: Client;
}

/** A client: their address, null where it is not known, and whether the shopper is new. */
export interface Client {
  readonly address: string | null;
  readonly isNewShopper: boolean;
  /** Whether it may be written down that they were here. */
  readonly isRecorded: boolean;
}

/** Return who sent a request. */
export function clientOf(request: Request, shop: Shop, isNewShopper: boolean): Client {
  const address = request.headers.get("cf-connecting-ip");
  return { address, isNewShopper, isRecorded: mayPersonalise(request, shop) };
}

/**
 * Request a page, in the form that `headers` accept. The container joins a generation that is
 * running, starts one where there is none, and replays a finished page, so that requesting it twice
 * costs nothing. The request belongs to a trace, which container and provider continue.
 */
export async function requestPage(
  container: ContainerClient,
  page: PageRequest,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<FetchResult & { readonly trace: string }> {
  const { trace, span } = traceContext();
  const body = await requestBody(container.assets, page);
  const { address, isNewShopper, isRecorded } = page.client;
  const client = {
    ...(address === null ? {} : { "cf-connecting-ip": address }),
    ...(isNewShopper ? { "x-wandstore-new-shopper": "1" } : {}),
    ...(isRecorded ? {} : { "sec-gpc": "1" }),
  };
  const allHeaders = {
    ...headers,
    ...client,
    "content-type": "application/json",
    traceparent: `00-${trace}-${span}-01`,
    ...authorization(container.env),
  };
  const createRequest = (attempt: AbortSignal): Request =>
    new Request("http://container.internal/generate", {
      method: "POST",
      headers: allHeaders,
      body,
      signal: attempt,
    });
  const routingKey = `${page.shop.id}|${page.hash}`;
  return { ...(await fetchWithRetry(container, createRequest, routingKey, signal)), trace };
}

/** Return the trace and span that the platform has for this request, else a trace that begins here. */
function traceContext(): { readonly trace: string; readonly span: string } {
  const active = tracing.getActiveSpan();
  const { traceId, spanId } = active?.isTraced ? active.spanContext() : { traceId: "", spanId: "" };
  if (TRACE_ID.test(traceId) && SPAN_ID.test(spanId)) return { trace: traceId, span: spanId };
  return { trace: randomHex(), span: randomHex().slice(16) };
}

function randomHex(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** Return the header that authorizes the Worker to the container, none where no secret is set. */
export function authorization(env: Pick<Env, "WORKER_SECRET">): Record<string, string> {
  return env.WORKER_SECRET ? { authorization: `Bearer ${env.WORKER_SECRET}` } : {};
}

/** Return the request as JSON. The products are spliced in as text: parsing all of them is slow. */
async function requestBody(
  assets: AssetStore,
  { shop, shopperId, persona }: PageRequest,
): Promise<string> {
  const products = await assets.readText(shop, "products.json");
  const shopper = JSON.stringify({ shopper_id: shopperId, persona, options: {} });
  const catalog = `"shop_id":${JSON.stringify(shop.id)},"products":${products}`;
  const brand = JSON.stringify(shop.brand);
  return `${shopper.slice(0, -1)},"shop":{${catalog},"brand_guidelines":${brand}}}`;
}
