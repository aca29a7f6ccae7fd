// Reported event -> fact: products, categories and prices as the catalog states them.

import type { Shop } from "../assets/store.ts";
import type { Fact } from "../personas/fact.ts";
import { FACTS } from "../shared/constants.ts";
import type { Deed } from "./schema.ts";

/**
 * A product as `goods.json` has it: the index of its category in the shop's list, its price tier
 * (-1 low, 0, 1 high), 1 where it is reduced, and its price in hundredths, 0 in another currency.
 */
export type SignalProduct = readonly [
  category: number,
  priceTier: number,
  reduced: number,
  cents: number,
];

export interface SignalProducts {
  readonly [id: string]: SignalProduct;
}

/** Where products of a basket were shown: `page/slot`. */
export type Origins = ReadonlyMap<string, string>;

/** Return the fact, or an error code where nothing that was reported is in the catalog. */
export function toFact(
  event: Deed,
  shop: Shop,
  products: SignalProducts,
  day: number,
  origins: Origins = new Map(),
): Fact | string {
  if (event.kind === "filter") return toFilterFact(event, shop, day);
  const known = event.items.filter(([id]) => Object.hasOwn(products, id));
  if (known.length === 0) return "UNKNOWN_PRODUCT";
  const items = known.map(([id, quantity]) => {
    const [category, priceTier, reduced, cents] = products[id] as SignalProduct;
    return { id, quantity, category, priceTier, reduced, cents };
  });
  const isOrder = event.kind === "purchase";
  return {
    kind: event.kind,
    day,
    products: items.map(({ id }) => id),
    categories: items.map(({ category }) => shop.categories[category] ?? ""),
    low: items.filter(({ priceTier }) => priceTier === -1).length,
    high: items.filter(({ priceTier }) => priceTier === 1).length,
    reduced: items.filter(({ reduced }) => reduced === 1).length,
    cents: isOrder ? items.reduce((sum, { cents, quantity }) => sum + cents * quantity, 0) : 0,
    seconds: event.seconds,
    sort: "",
    origins: FACTS.BASKET_KINDS.some((kind) => kind === event.kind)
      ? originsOf(items, origins)
      : [],
    order: isOrder ? event.order : "",
  };
}

function originsOf(items: readonly { readonly id: string }[], origins: Origins): string[] {
  const found = items.map(({ id }) => origins.get(id) ?? "");
  const known = found.map((text) => ([...text].length <= FACTS.MAX_ORIGIN_LENGTH ? text : ""));
  return known.some(Boolean) ? known : [];
}

function toFilterFact({ category, sort }: Deed, shop: Shop, day: number): Fact | string {
  if (category !== "" && !shop.categories.includes(category)) return "UNKNOWN_CATEGORY";
  if (category === "" && sort === "") return "UNKNOWN_CATEGORY";
  const categories = category === "" ? [] : [category];
  const empty = { products: [], low: 0, high: 0, reduced: 0, cents: 0, seconds: 0 };
  return { ...empty, kind: "filter", day, categories, sort, origins: [], order: "" };
}
