// The query of a listing: category, sort, search text, page and filters, by the container's rules.

import { LISTING } from "../shared/constants.ts";
import { collapseWhitespace } from "../util/whitespace.ts";

export interface ListingQuery {
  readonly category: string;
  readonly sort: string;
  readonly query: string;
  readonly page: number;
  /** Whether filters leave some out: by price, stock or tag. */
  readonly filtered: boolean;
}

/** Parse a URL's query (question mark or not); null where it has no field of a listing. */
export function parseListingQuery(search: string): ListingQuery | null {
  const text = search.startsWith("?") ? search.slice(1) : search;
  if (text.length > LISTING.MAX_BYTES || text.split("&").length > LISTING.MAX_FIELDS) return null;
  const fields = new Map<string, string>();
  let filtered = false;
  for (const [name, value] of new URLSearchParams(text)) {
    const clean = collapseWhitespace(
      value.split(LISTING.HIDDEN).join(""),
      LISTING.MAX_QUERY_LENGTH,
    );
    if (value !== "") fields.set(name, clean);
    if (name === LISTING.TAG && clean !== "") filtered = true;
  }
  const field = (name: string): string => fields.get(name) ?? "";
  const isGiven = (name: string): boolean => field(name) !== "";
  filtered ||= LISTING.FILTERS.some((name) => name !== LISTING.TAG && isGiven(name));
  if (!filtered && !["category", "sort", "q", "page"].some(isGiven)) return null;
  const page = LISTING.PAGE_NUMBER.test(field("page")) ? Math.max(Number(field("page")), 1) : 1;
  return { category: field("category"), sort: field("sort"), query: field("q"), page, filtered };
}
