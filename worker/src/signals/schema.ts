// The body of POST /signals, validated field by field with the same results as in the container.

import type { Kind } from "../personas/fact.ts";
import { FACTS, SIGNALS_SCHEMA } from "../shared/constants.ts";

export type ReportedKind = (typeof FACTS.REPORTED)[number];

/** What a browser reports that a shopper did. Its form is valid, nothing else is checked. */
export interface ReportedEvent {
  readonly kind: ReportedKind;
  readonly items: readonly (readonly [product: string, quantity: number])[];
  readonly category: string;
  readonly sort: string;
  readonly seconds: number;
  /** What was shown or clicked, what filled it, and where in it the product stood, from 1. */
  readonly slot: string;
  readonly component: string;
  readonly place: number;
  /** The merchant's name of an order. */
  readonly order: string;
}

/** What a shopper did beside looking at the store page: what personas are judged by. */
export interface Deed extends ReportedEvent {
  readonly kind: Kind;
}

/** A report is not taken, for a reason that quotes nothing of it; `field` is where in its body. */
export class SignalsError extends Error {
  override readonly name = "SignalsError";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly reason: string,
    readonly field = "",
    readonly retryAfter = 0,
  ) {
    super(code);
  }
}

function invalid(field: string, reason: string): SignalsError {
  return new SignalsError(400, "INVALID_SIGNALS", `${field}: ${reason}`, field);
}

const { MAX_EVENTS, MAX_ITEMS, MAX_QUANTITY, MAX_NAME_LENGTH, MAX_FIELD_LENGTH, SORTS } =
  SIGNALS_SCHEMA;
const EMPTY = {
  items: [],
  category: "",
  sort: "",
  seconds: 0,
  slot: "",
  component: "",
  place: 0,
  order: "",
} as const;

type Fields = Record<string, unknown>;

/** Parse a body; throw a SignalsError for its first invalid field. */
export function parseSignals(bytes: Uint8Array): ReportedEvent[] {
  const { events, ...rest } = requireObject(parseJson(bytes), "body");
  const parsed = requireList(events, "events", MAX_EVENTS).map((event, index) =>
    parseEvent(event, `events.${index}`),
  );
  return withNoMore(rest, "", parsed);
}

/** Parse JSON in UTF-8; a byte order mark and half a surrogate pair are no JSON, as in Python. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    return JSON.parse(text, (name, value: unknown) => {
      if (!name.isWellFormed() || (typeof value === "string" && !value.isWellFormed()))
        throw new TypeError("half a surrogate pair");
      return value;
    });
  } catch {
    throw invalid("body", "is not JSON");
  }
}

function parseEvent(value: unknown, path: string): ReportedEvent {
  const { kind: name, ...fields } = requireObject(value, path);
  const kind = FACTS.REPORTED.find((known) => known === name);
  if (kind === undefined) throw invalid(path, `kind must be one of ${FACTS.REPORTED.join(", ")}`);
  return { ...EMPTY, kind, ...PARSERS[kind](fields, path) };
}

const PARSERS: Record<ReportedKind, (event: Fields, path: string) => Partial<ReportedEvent>> = {
  view: ({ product, ...rest }, path) =>
    withNoMore(rest, path, { items: [[requireName(product, `${path}.product`), 1]] }),
  filter: ({ category = "", sort = "", ...rest }, path) => {
    const text = requireText(category, `${path}.category`);
    if (!SORTS.some((known) => known === sort))
      throw invalid(`${path}.sort`, "is no order of ours");
    return withNoMore(rest, path, { category: text, sort: sort as string });
  },
  dwell: ({ product, seconds, ...rest }, path) =>
    withNoMore(rest, path, {
      items: [[requireName(product, `${path}.product`), 1]],
      seconds: requireInteger(seconds, `${path}.seconds`, FACTS.MAX_SECONDS),
    }),
  add_to_basket: (event, path) => ({ items: [parseItem(event, path)] }),
  purchase: ({ items, order = "", ...rest }, path) =>
    withNoMore(rest, path, {
      items: requireList(items, `${path}.items`, MAX_ITEMS).map((value, index) =>
        parseItem(value, `${path}.items.${index}`),
      ),
      order: requireText(order, `${path}.order`),
    }),
  shown: ({ slot, by, products = [], ...rest }, path) =>
    withNoMore(rest, path, {
      ...parseSlot(slot, by, path),
      items: parseProducts(products, `${path}.products`),
    }),
  click: ({ slot, by, product, place, ...rest }, path) =>
    withNoMore(rest, path, {
      ...parseSlot(slot, by, path),
      items: [[requireName(product, `${path}.product`), 1]],
      place: requireInteger(place, `${path}.place`, MAX_ITEMS),
    }),
};

function parseSlot(slot: unknown, by: unknown, path: string) {
  return {
    slot: requireName(slot, `${path}.slot`),
    component: requireName(by, `${path}.by`),
  };
}

function parseProducts(value: unknown, path: string): [string, number][] {
  if (!Array.isArray(value) || value.length > MAX_ITEMS)
    throw invalid(path, `must be a list of at most ${MAX_ITEMS}`);
  return value.map((product, index) => [requireName(product, `${path}.${index}`), 1]);
}

function parseItem(value: unknown, path: string): readonly [string, number] {
  const { product, quantity = 1, ...rest } = requireObject(value, path);
  return withNoMore(rest, path, [
    requireName(product, `${path}.product`),
    requireInteger(quantity, `${path}.quantity`, MAX_QUANTITY),
  ]);
}

function requireObject(value: unknown, path: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalid(path, "must be an object");
  return value as Fields;
}

/** Return what was parsed if its object has no fields beside: known ones are validated first. */
function withNoMore<Parsed>(rest: Fields, path: string, parsed: Parsed): Parsed {
  const unknown = Object.keys(rest)[0]?.slice(0, MAX_FIELD_LENGTH);
  if (unknown !== undefined)
    throw invalid(path ? `${path}.${unknown}` : unknown, "there is no such field");
  return parsed;
}

function requireList(value: unknown, path: string, max: number): unknown[] {
  const isValid = Array.isArray(value) && value.length > 0 && value.length <= max;
  if (!isValid) throw invalid(path, `must be a list of 1 to ${max}`);
  return value;
}

function requireName(value: unknown, path: string): string {
  if (value === "") throw invalid(path, "must not be empty");
  return requireText(value, path);
}

/** Return a text composed as the catalog's own, however a page of the merchant's writes it. */
function requireText(value: unknown, path: string): string {
  const isValid = typeof value === "string" && [...value].length <= MAX_NAME_LENGTH;
  if (!isValid) throw invalid(path, `must be a text of at most ${MAX_NAME_LENGTH} characters`);
  return value.normalize("NFC");
}

function requireInteger(value: unknown, path: string, max: number): number {
  const isValid =
    typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
  if (!isValid) throw invalid(path, `must be a whole number from 1 to ${max}`);
  return value;
}
