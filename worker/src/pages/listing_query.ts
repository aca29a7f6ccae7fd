// The query of a listing: category, sort, search text and page, parsed with the container's rules.

import { collapseWhitespace } from "../util/whitespace.ts";

export interface ListingQuery {
  readonly category: string;
  readonly sort: string;
  readonly query: string;
  readonly page: number;
}

const MAX_LENGTH = 2048;
const MAX_FIELDS = 16;
const MAX_QUERY_LENGTH = 80;

/** Parse a URL's query (question mark or not); null where it has no field of a listing. */
export function parseListingQuery(search: string): ListingQuery | null {
  const text = search.startsWith("?") ? search.slice(1) : search;
  if (text.length > MAX_LENGTH || text.split("&").length > MAX_FIELDS) return null;
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value !== "") fields.set(name, collapseWhitespace(value, MAX_QUERY_LENGTH));
  }
  const field = (name: string): string => fields.get(name) ?? "";
  if (!["category", "sort", "q", "page"].some((name) => field(name) !== "")) return null;
  const page = /^\d{1,4}$/.test(field("page")) ? Math.max(Number(field("page")), 1) : 1;
  return { category: field("category"), sort: field("sort"), query: field("q"), page };
}
