// What a browser tells -> a fact, by what the catalog says: the rules of app/personas/facts.py.

import type { Fact } from "../personas/fact.ts";
import type { Shop } from "../assets/store.ts";
import type { Told } from "./schema.ts";

/**
 * A product as signals need it: its category's place in the shop's list, the third of prices it is
 * in (-1, 0, 1), whether it is reduced, and its price in ten-thousandths, 0 in another currency.
 */
export type Good = readonly [category: number, third: number, reduced: number, price: number];

export interface Goods {
  readonly [id: string]: Good;
}

/** Returns the fact; a code where the shop knows nothing of it. */
export function witness(told: Told, shop: Shop, goods: Goods, day: number): Fact | string {
  if (told.kind === "filter") return filtered(told, shop, day);
  const known = told.items.filter(([id]) => Object.hasOwn(goods, id));
  if (known.length === 0) return "UNKNOWN_PRODUCT";
  const found = known.map(([id, many]) => ({ id, many, good: goods[id] as Good }));
  return {
    kind: told.kind,
    day,
    products: found.map(({ id }) => id),
    categories: found.map(({ good }) => shop.categories[good[0]] ?? ""),
    low: found.filter(({ good }) => good[1] === -1).length,
    high: found.filter(({ good }) => good[1] === 1).length,
    reduced: found.filter(({ good }) => good[2] === 1).length,
    cents: told.kind === "purchase" ? found.reduce((sum, { good, many }) => sum + good[3] * many, 0) : 0,
    seconds: told.seconds,
    sort: "",
  };
}

function filtered(told: Told, shop: Shop, day: number): Fact | string {
  const { category, sort } = told;
  if (category !== "" && !shop.categories.includes(category)) return "UNKNOWN_CATEGORY";
  if (category === "" && sort === "") return "UNKNOWN_CATEGORY";
  const categories = category === "" ? [] : [category];
  return { kind: "filter", day, products: [], categories, low: 0, high: 0, reduced: 0, cents: 0, seconds: 0, sort };
}
