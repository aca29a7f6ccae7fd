// A listing's address asks for the same as at the container: every shared vector, one by one.

import { expect, it } from "vitest";

import queries from "../../../tests/contract/listing_query.json";
import { parseListingQuery } from "./listing_query.ts";

it.each(queries)("asks for the container's listing: $name", ({ query, listing }) => {
  expect(parseListingQuery(query)).toEqual(listing);
});
