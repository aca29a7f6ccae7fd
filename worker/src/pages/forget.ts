// What is known of a shopper, as published; the container erases it, wherever it is stored.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { track } from "../telemetry.ts";
import { forward, fromContainer } from "./basket.ts";
import { handleNotFound } from "./not_found.ts";
import { pageHeaders, publishedPage } from "./store.ts";

export async function handleForget(context: RequestContext, shop: Shop): Promise<Response> {
  const { assets, env, request, url } = context;
  if (request.method !== "POST") {
    const isDone = (url.searchParams.get("done") ?? "") !== "";
    const page = await assets.page(shop, isDone ? "forgotten.html" : "forget.html");
    return page === null ? handleNotFound(context, shop) : publishedPage(context, shop, page);
  }
  const response = await forward(context, shop, "forget");
  track(env, { event: "forget", shop: shop.id, outcome: String(response?.status ?? "none") });
  if (response !== null) return fromContainer(context, shop, response);
  const page = await assets.page(shop, "failed.html");
  const headers = pageHeaders(shop, "fallback", "private, no-store");
  headers.set("retry-after", "5");
  return new Response(page?.body ?? null, { status: 503, headers });
}
