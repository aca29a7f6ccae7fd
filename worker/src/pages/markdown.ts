// Markdown for readers that are programs: the container's, HTML where it does not answer.

import type { Shop } from "../assets/store.ts";
import { fetchCatalogPage } from "../container/catalog_page.ts";
import type { RequestContext } from "../context.ts";
import { fileHeaders } from "../responses.ts";
import { MARKDOWN } from "../shared/constants.ts";

/** Return the page as Markdown, null where HTML will do or the container does not answer in time. */
export async function fetchMarkdown(
  context: RequestContext,
  shop: Shop,
  path = "",
): Promise<Response | null> {
  if (!prefersMarkdown(context.request.headers.get("accept") ?? "")) return null;
  const response = await fetchCatalogPage(context, shop, path, MARKDOWN.MARKDOWN);
  if (response === null) return null;
  const headers = fileHeaders({
    "content-type": MARKDOWN.CONTENT_TYPE,
    "x-wandstore-page": "fallback",
    "cache-control": "no-cache",
    vary: "accept",
  });
  return new Response(response.body, { headers });
}

/** Say whether an Accept header names Markdown, and no less than HTML. */
export function prefersMarkdown(accept: string): boolean {
  const weights = new Map<string, number>();
  for (const choice of accept.slice(0, MARKDOWN.MAX_ACCEPT).toLowerCase().split(",")) {
    const [kind = "", ...parameters] = choice.split(";").map((part) => part.trim());
    const quality = parameters.map((part) => MARKDOWN.QUALITY.exec(part)?.[1]).find(Boolean);
    weights.set(kind, quality === undefined ? 1 : Number(quality));
  }
  const weight = weights.get(MARKDOWN.MARKDOWN) ?? 0;
  return weight > 0 && weight >= (weights.get("text/html") ?? 0);
}
