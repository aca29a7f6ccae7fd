// The body of POST /signals: what a browser may tell, checked field by field as app/web/beacon.py does.

import { KINDS, type Kind } from "../persona/fact.ts";

/** What a browser says that a shopper did. Its shape has been checked, nothing else. */
export interface Told {
  readonly kind: Kind;
  readonly items: readonly (readonly [product: string, quantity: number])[];
  readonly category: string;
  readonly sort: string;
  readonly seconds: number;
}

/** A body is not what it should be. `field` says where; neither field nor reason quotes it. */
export class BadBeacon extends Error {
  override readonly name = "BadBeacon";

  constructor(
    readonly field: string,
    readonly why: string,
  ) {
    super(`${field}: ${why}`);
  }
}

const MOST_EVENTS = 20;
const MOST_ITEMS = 20;
const MOST_OF_ONE = 99;
const MOST_SECONDS = 600;
const LONGEST_NAME = 200;
const SORTS = ["", "featured", "price-asc", "price-desc", "name"];
const NOTHING = { items: [], category: "", sort: "", seconds: 0 } as const;

type Fields = Record<string, unknown>;

/** Reads a body, or throws BadBeacon for the first field that is not of the form. */
export function readBeacon(text: string): Told[] {
  const { events } = fields(parsed(text), "body", ["events"]);
  return list(events, "events", MOST_EVENTS).map((event, at) => told(event, `events.${at}`));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadBeacon("body", "is not JSON");
  }
}

function told(event: unknown, place: string): Told {
  const kind = KINDS.find((known) => known === (event as Fields | null)?.["kind"]);
  if (kind === undefined) throw new BadBeacon(place, `kind must be one of ${KINDS.join(", ")}`);
  return { ...NOTHING, kind, ...READERS[kind](event, place) };
}

const READERS: Record<Kind, (event: unknown, place: string) => Partial<Told>> = {
  view: (event, place) => {
    const { product } = fields(event, place, ["kind", "product"]);
    return { items: [[name(product, `${place}.product`), 1]] };
  },
  filter: (event, place) => {
    const { category = "", sort = "" } = fields(event, place, ["kind", "category", "sort"]);
    if (!SORTS.some((known) => known === sort)) throw new BadBeacon(`${place}.sort`, "is no order of ours");
    return { category: text(category, `${place}.category`), sort: sort as string };
  },
  dwell: (event, place) => {
    const { product, seconds } = fields(event, place, ["kind", "product", "seconds"]);
    const items = [[name(product, `${place}.product`), 1]] as const;
    return { items, seconds: whole(seconds, `${place}.seconds`, MOST_SECONDS) };
  },
  add_to_basket: (event, place) => {
    fields(event, place, ["kind", "product", "quantity"]);
    return { items: [item(event, place)] };
  },
  purchase: (event, place) => {
    const { items } = fields(event, place, ["kind", "items"]);
    return { items: list(items, `${place}.items`, MOST_ITEMS).map((each, at) => bought(each, `${place}.items.${at}`)) };
  },
};

function bought(value: unknown, place: string): readonly [string, number] {
  fields(value, place, ["product", "quantity"]);
  return item(value, place);
}

function item(value: unknown, place: string): readonly [string, number] {
  const { product, quantity = 1 } = value as Fields;
  return [name(product, `${place}.product`), whole(quantity, `${place}.quantity`, MOST_OF_ONE)];
}

/** Returns an object's fields; none but those that are known. */
function fields(value: unknown, place: string, known: readonly string[]): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadBeacon(place, "must be an object");
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  if (stranger !== undefined) throw new BadBeacon(`${place}.${stranger.slice(0, 40)}`, "there is no such field");
  return value as Fields;
}

function list(value: unknown, place: string, most: number): unknown[] {
  const fits = Array.isArray(value) && value.length > 0 && value.length <= most;
  if (!fits) throw new BadBeacon(place, `must be a list of 1 to ${most}`);
  return value;
}

function name(value: unknown, place: string): string {
  if (value === "") throw new BadBeacon(place, "must not be empty");
  return text(value, place);
}

function text(value: unknown, place: string): string {
  const fits = typeof value === "string" && [...value].length <= LONGEST_NAME;
  if (!fits) throw new BadBeacon(place, `must be a text of at most ${LONGEST_NAME} characters`);
  return value;
}

function whole(value: unknown, place: string, most: number): number {
  const fits = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most;
  if (!fits) throw new BadBeacon(place, `must be a whole number from 1 to ${most}`);
  return value;
}
