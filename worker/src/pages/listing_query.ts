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

/** Signs that show nothing by themselves: spaces, marks, control and format signs. */
const BLANK = /^[\p{Z}\p{M}\p{C}\u115f\u1160\u2800\u3164\uffa0]*$/u;

/** Return the first fields of a URL's query (question mark or not); what is too long is cut. */
export function fieldsOf(search: string): URLSearchParams {
  const fields = search.replace(/^\?/, "").split("&").slice(0, LISTING.MAX_FIELDS);
  return new URLSearchParams(
    fields.map((field) => field.slice(0, LISTING.MAX_FIELD_BYTES)).join("&"),
  );
}

/** Parse a URL's query (question mark or not); null where it has no field of a listing. */
export function parseListingQuery(search: string): ListingQuery | null {
  const fields = new Map<string, string>();
  let filtered = false;
  for (const [name, value] of fieldsOf(search)) {
    const visible = value.split(LISTING.HIDDEN).join("");
    const text = collapseWhitespace(visible, LISTING.MAX_QUERY_LENGTH);
    const clean = BLANK.test(text) ? "" : text;
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
