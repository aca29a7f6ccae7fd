// What a shopper did, as it is stored: the same reading as app/domain/facts.py.

export const KINDS = ["view", "filter", "dwell", "add_to_basket", "purchase"] as const;
export type Kind = (typeof KINDS)[number];

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
}

const MOST_NAMES = 20;
const MOST_DAYS = 1_000_000;
const MOST_CENTS = 1_000_000_000;
const MOST_SECONDS = 600;

/** Reads what was stored: null for an unknown kind; a field that makes no sense is empty. */
export function readFact(stored: unknown): Fact | null {
  if (typeof stored !== "object" || stored === null || Array.isArray(stored)) return null;
  const fields = stored as Record<string, unknown>;
  const kind = KINDS.find((known) => known === fields["kind"]);
  if (kind === undefined) return null;
  return {
    kind,
    day: whole(fields["day"], MOST_DAYS),
    products: names(fields["products"]),
    categories: names(fields["categories"]),
    low: whole(fields["low"], MOST_NAMES),
    high: whole(fields["high"], MOST_NAMES),
    reduced: whole(fields["reduced"], MOST_NAMES),
    cents: whole(fields["cents"], MOST_CENTS),
    seconds: whole(fields["seconds"], MOST_SECONDS),
    sort: typeof fields["sort"] === "string" ? fields["sort"] : "",
  };
}

function whole(value: unknown, most: number): number {
  if (typeof value !== "number" || !Number.isInteger(value)) return 0;
  // Adding 0 makes a zero of minus zero.
  return Math.min(Math.max(value, 0), most) + 0;
}

function names(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value.filter((name): name is string => typeof name === "string" && name !== "").slice(0, MOST_NAMES);
}
