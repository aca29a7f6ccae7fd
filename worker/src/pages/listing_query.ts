// What an address asks for of the catalog: the rules of app/catalog/listing.py.

import { collapseWhitespace } from "../util/whitespace.ts";

export interface AskedListing {
  readonly category: string;
  readonly sort: string;
  readonly query: string;
  readonly page: number;
}

const MOST_BYTES = 2048;
const MOST_FIELDS = 16;
const LONGEST_QUERY = 80;

/** Returns what the query asks for (with or without its question mark), null where for nothing we know. */
export function readAddress(search: string): AskedListing | null {
  const text = search.startsWith("?") ? search.slice(1) : search;
  if (text.length > MOST_BYTES || text.split("&").length > MOST_FIELDS) return null;
  const given = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (value !== "") given.set(name, collapseWhitespace(value, LONGEST_QUERY));
  }
  const of = (name: string): string => given.get(name) ?? "";
  if (!["category", "sort", "q", "page"].some((name) => of(name) !== "")) return null;
  const page = /^\d{1,4}$/.test(of("page")) ? Math.max(Number(of("page")), 1) : 1;
  return { category: of("category"), sort: of("sort"), query: of("q"), page };
}
