// Published pages by the names of their files, and the shop's 404 page where there is none.

import type { Shop } from "../assets/store.ts";
import type { RequestContext } from "../context.ts";
import { pageHeaders, publishedPage } from "./store.ts";

/** Return the shop's 404 page, the default shop's where the address names none. */
export async function handleNotFound(
  context: RequestContext,
  shop: Shop | null,
): Promise<Response> {
  const owner = shop ?? (await context.assets.shop());
  const page = owner && (await context.assets.page(owner, "not-found.html"));
  const headers = pageHeaders(owner, "fallback", "no-cache");
  return new Response(page?.body ?? null, { status: 404, headers });
}

/** Serve a page of the shop by the name of its file, the 404 page where it was not published. */
export async function servePublished(
  context: RequestContext,
  shop: Shop,
  name: string,
): Promise<Response> {
  const page = await context.assets.page(shop, name);
  return page === null ? handleNotFound(context, shop) : publishedPage(context, shop, page);
}
