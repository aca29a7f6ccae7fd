// The query of a listing: category, sort, search text and page, parsed with the container's rules.

import { LISTING } from "../shared/constants.ts";
import { collapseWhitespace } from "../util/whitespace.ts";

export interface ListingQuery {
  readonly category: string;
  readonly sort: string;
  readonly query: string;
  readonly page: number;
}

/** Parse a URL's query (question mark or not); null where it has no field of a listing. */
export function parseListingQuery(search: string): ListingQuery | null {
  const text = search.startsWith("?") ? search.slice(1) : search;
  if (text.length > LISTING.MAX_BYTES || text.split("&").length > LISTING.MAX_FIELDS) return null;
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value !== "") fields.set(name, collapseWhitespace(value, LISTING.MAX_QUERY_LENGTH));
  }
  const field = (name: string): string => fields.get(name) ?? "";
  if (!["category", "sort", "q", "page"].some((name) => field(name) !== "")) return null;
  const page = LISTING.PAGE_NUMBER.test(field("page")) ? Math.max(Number(field("page")), 1) : 1;
  return { category: field("category"), sort: field("sort"), query: field("q"), page };
}
