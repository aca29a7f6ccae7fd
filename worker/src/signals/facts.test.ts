// A fact is stored here as the container stores it, to the letter: every shared vector, one by one.

import { expect, it } from "vitest";

import facts from "../../../tests/contract/facts.json";
import type { Shop } from "../assets/store.ts";
import { readFact, serializeFact } from "../personas/fact.ts";
import { type BasketLine, originsOf } from "../session/basket.ts";
import { type SignalProducts, toFact } from "./facts.ts";
import type { Deed } from "./schema.ts";

interface Vector {
  readonly name: string;
  readonly categories: readonly string[];
  /** The published `goods.json`, as text: a shop may sell `__proto__`. */
  readonly goods: string;
  readonly event: Deed;
  readonly day: number;
  /** The lines of the shopper's basket. */
  readonly basket?: readonly BasketLine[];
  readonly stored?: string;
  readonly refused?: string;
}

it.each(facts as unknown as Vector[])(
  "is stored as by the container: $name",
  ({ event, day, ...vector }) => {
    const shop = { categories: vector.categories } as Shop;
    const products = JSON.parse(vector.goods) as SignalProducts;
    const fact = toFact(event, shop, products, day, originsOf(vector.basket ?? []));
    const stored = typeof fact === "string" ? fact : serializeFact(fact);
    expect(stored).toBe(vector.refused ?? vector.stored);
    if (typeof fact !== "string")
      expect(readFact(JSON.parse(stored))?.origins).toEqual(fact.origins);
  },
);
