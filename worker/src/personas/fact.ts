// A fact: what a shopper did, as it is stored and as the container reads it too.

import { FACTS } from "../shared/constants.ts";

export type Kind = (typeof FACTS.KINDS)[number];

export interface Fact {
  readonly kind: Kind;
  readonly day: number;
  readonly products: readonly string[];
  readonly categories: readonly string[];
  readonly low: number;
  readonly high: number;
  readonly reduced: number;
  readonly cents: number;
  readonly seconds: number;
  readonly sort: string;
  /** For each product where it was shown, `page/slot`, or nothing; empty where none has one. */
  readonly origins: readonly string[];
  /** Tells an order from all others of its shopper: reported again, it is the same one. */
  readonly order: string;
}

/** Parse a stored fact: null for an unknown kind; an invalid field is empty. */
export function readFact(stored: unknown): Fact | null {
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return null;
  const fields = stored as Record<string, unknown>;
  const kind = FACTS.KINDS.find((known) => known === fields["kind"]);
  if (kind === undefined) return null;
  const products = names(fields["products"]);
  return {
    kind,
    day: integer(fields["day"], FACTS.MAX_DAY),
    products,
    categories: names(fields["categories"]),
    low: integer(fields["low"], FACTS.MAX_NAMES),
    high: integer(fields["high"], FACTS.MAX_NAMES),
    reduced: integer(fields["reduced"], FACTS.MAX_NAMES),
    cents: integer(fields["cents"], FACTS.MAX_CENTS),
    seconds: integer(fields["seconds"], FACTS.MAX_SECONDS),
    sort: text(fields["sort"]),
    origins: originsOf(fields["origins"], products.length),
    order: text(fields["order"]),
  };
}

/** Serialize a fact as it is stored: one line, without the fields that are empty. */
export function serializeFact(fact: Fact): string {
  const fields = Object.entries(fact).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : Boolean(value),
  );
  return JSON.stringify(Object.fromEntries(fields));
}

function integer(value: unknown, max: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) return 0;
  // Adding 0 makes a zero of minus zero.
  return Math.min(Math.max(value, 0), max) + 0;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Return an origin for each product; none where there are not as many. */
function originsOf(value: unknown, count: number): string[] {
  if (!Array.isArray(value) || value.length !== count) return [];
  return value.map((text: unknown) =>
    typeof text === "string" && [...text].length <= FACTS.MAX_ORIGIN_LENGTH ? text : "",
  );
}

function names(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((name): name is string => typeof name === "string" && name !== "")
    .slice(0, FACTS.MAX_NAMES);
}
