// Listings: prerendered where one was published, else searched for in the container.

import type { Shop } from "../assets/store.ts";
import { fetchCatalogPage } from "../container/catalog_page.ts";
import type { RequestContext } from "../context.ts";
import { track } from "../telemetry.ts";
import { escapeHtml } from "../util/html.ts";
import type { ListingQuery } from "./listing_query.ts";
import { handleNotFound } from "./not_found.ts";
import { pageHeaders, publishedPage } from "./store.ts";

/** Serve a listing. While the container does not answer, serve the whole category, and say so. */
export async function handleListing(
  context: RequestContext,
  shop: Shop,
  query: ListingQuery,
): Promise<Response> {
  const asPublished = isPrerendered(shop, query);
  const results = asPublished ? null : await search(context, shop);
  if (results !== null) return results;
  const page = await context.assets.page(shop, prerenderedFile(shop, query));
  if (page === null) return handleNotFound(context, shop);
  return asPublished ? publishedPage(context, shop, page) : unanswered(shop, page);
}

/** Return a published listing that says that it is not what was searched for. */
function unanswered(shop: Shop, page: Response): Response {
  const note = `<p class="count" role="status">${escapeHtml(shop.unanswered)}</p>\n`;
  const headers = pageHeaders(shop, "fallback", "no-store");
  return new HTMLRewriter()
    .on(".listing-head", { element: (head) => void head.append(note, { html: true }) })
    .transform(new Response(page.body, { headers }));
}

/** Say whether a listing was published: all but searches, filters and unknown categories are. */
function isPrerendered(shop: Shop, { query, category, filtered }: ListingQuery): boolean {
  return query === "" && !filtered && (category === "" || shop.categories.includes(category));
}

function prerenderedFile(shop: Shop, query: ListingQuery): string {
  const index = query.category === "" ? 0 : shop.categories.indexOf(query.category) + 1;
  const sort = shop.sorts.includes(query.sort) ? query.sort : "featured";
  const page = Math.min(query.page, shop.listing_pages[index] ?? 1);
  return `listings/${index}-${sort}-${page}.html`;
}

/** Return the container's listing; null where it does not answer in time, which is no error. */
async function search(context: RequestContext, shop: Shop): Promise<Response | null> {
  const response = await fetchCatalogPage(context, shop, "", "text/html");
  const outcome = response === null ? "unanswered" : "answered";
  track(context.env, { event: "search", shop: shop.id, outcome });
  if (response === null) return null;
  return new Response(response.body, { headers: pageHeaders(shop, "fallback", "no-cache") });
}
