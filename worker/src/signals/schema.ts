// The body of POST /signals: what a browser may tell, checked field by field as app/web/signals_schema.py does.

import { KINDS, type Kind } from "../personas/fact.ts";

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
  const body = object(parsed(text), "body");
  const events = list(body["events"], "events", MOST_EVENTS).map((event, at) => told(event, `events.${at}`));
  refuseStrangers(body, "", ["events"]);
  return events;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new BadBeacon("body", "is not JSON");
  }
}

function told(value: unknown, place: string): Told {
  const event = object(value, place);
  const kind = KINDS.find((known) => known === event["kind"]);
  if (kind === undefined) throw new BadBeacon(place, `kind must be one of ${KINDS.join(", ")}`);
  const what = READERS[kind](event, place);
  refuseStrangers(event, place, ["kind", ...FIELDS[kind]]);
  return { ...NOTHING, kind, ...what };
}

const FIELDS: Record<Kind, readonly string[]> = {
  view: ["product"],
  filter: ["category", "sort"],
  dwell: ["product", "seconds"],
  add_to_basket: ["product", "quantity"],
  purchase: ["items"],
};

const READERS: Record<Kind, (event: Fields, place: string) => Partial<Told>> = {
  view: ({ product }, place) => ({ items: [[name(product, `${place}.product`), 1]] }),
  filter: ({ category = "", sort = "" }, place) => {
    const named = text(category, `${place}.category`);
    if (!SORTS.some((known) => known === sort)) throw new BadBeacon(`${place}.sort`, "is no order of ours");
    return { category: named, sort: sort as string };
  },
  dwell: ({ product, seconds }, place) => ({
    items: [[name(product, `${place}.product`), 1]],
    seconds: whole(seconds, `${place}.seconds`, MOST_SECONDS),
  }),
  add_to_basket: (event, place) => ({ items: [item(event, place)] }),
  purchase: ({ items }, place) => ({
    items: list(items, `${place}.items`, MOST_ITEMS).map((each, at) => bought(each, `${place}.items.${at}`)),
  }),
};

function bought(value: unknown, place: string): readonly [string, number] {
  const fields = object(value, place);
  const found = item(fields, place);
  refuseStrangers(fields, place, ["product", "quantity"]);
  return found;
}

function item({ product, quantity = 1 }: Fields, place: string): readonly [string, number] {
  return [name(product, `${place}.product`), whole(quantity, `${place}.quantity`, MOST_OF_ONE)];
}

function object(value: unknown, place: string): Fields {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadBeacon(place, "must be an object");
  return value as Fields;
}

/** Refuses fields that nobody knows; after those that are known, as the container does. */
function refuseStrangers(value: Fields, place: string, known: readonly string[]): void {
  const stranger = Object.keys(value).find((key) => !known.includes(key));
  if (stranger === undefined) return;
  throw new BadBeacon(place ? `${place}.${stranger.slice(0, 40)}` : stranger.slice(0, 40), "there is no such field");
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
