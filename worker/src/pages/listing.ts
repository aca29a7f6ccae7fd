// A part of the catalog: as published where it is one that can be, else as the container finds it.

import { withTimeout } from "../util/timeout.ts";
import type { Shop } from "../assets/store.ts";
import { authorization } from "../container/generate.ts";
import { track } from "../telemetry.ts";
import type { RequestContext } from "../context.ts";
import type { AskedListing } from "./listing_query.ts";
import { answerMissing } from "./not_found.ts";
import { pageHeaders } from "./store.ts";

export async function answerListing(context: RequestContext, shop: Shop, asked: AskedListing): Promise<Response> {
  const found = isPublished(shop, asked) ? null : await searched(context, shop);
  if (found !== null) return found;
  const page = await context.assets.page(shop, nameOfListing(shop, asked));
  if (page === null) return answerMissing(context, shop);
  return new Response(page.body, { headers: pageHeaders(shop, "fallback", "no-cache") });
}

/** Only a search, or a category that nothing is in, is not drawn beforehand. */
function isPublished(shop: Shop, asked: AskedListing): boolean {
  return asked.query === "" && (asked.category === "" || shop.categories.includes(asked.category));
}

function nameOfListing(shop: Shop, asked: AskedListing): string {
  const at = asked.category === "" ? 0 : shop.categories.indexOf(asked.category) + 1;
  const sort = shop.sorts.includes(asked.sort) ? asked.sort : "featured";
  const page = Math.min(asked.page, shop.listing_pages[at] ?? 1);
  return `listings/${at}-${sort}-${page}.html`;
}

/** Returns the container's listing; null where it does not answer in time, which is no error. */
async function searched(context: RequestContext, shop: Shop): Promise<Response | null> {
  const answer = context.container === null ? null : await askForListing(context, shop);
  const html = answer?.status === 200 && answer.headers.get("content-type")?.startsWith("text/html");
  if (!html) await answer?.body?.cancel();
  track(context.env, { event: "search", shop: shop.id, outcome: html ? "answered" : "unanswered" });
  return html ? new Response(answer?.body ?? null, { headers: pageHeaders(shop, "fallback", "no-cache") }) : null;
}

async function askForListing(context: RequestContext, shop: Shop): Promise<Response | null> {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([context.request.signal, giveUp.signal]);
  const address = `http://container.internal/s/${shop.id}${context.url.search}`;
  const request = new Request(address, { headers: { accept: "text/html", ...authorization(context.env) }, signal });
  try {
    const asked = context.container?.fetch(request, `${shop.id}|search`);
    return asked === undefined ? null : await withTimeout(context.limits.searchMs, asked);
  } catch {
    giveUp.abort();
    return null;
  }
}
