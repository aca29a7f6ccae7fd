// A fact is stored here as the container stores it, to the letter: every shared vector, one by one.

import { expect, it } from "vitest";

import facts from "../../../tests/contract/facts.json";
import { serializeFact } from "../personas/fact.ts";
import type { Shop } from "../assets/store.ts";
import type { Told } from "./schema.ts";
import { type Goods, witness } from "./facts.ts";

interface Vector {
  readonly name: string;
  readonly categories: readonly string[];
  /** What is published of the goods, as text: a shop may sell `__proto__`. */
  readonly goods: string;
  readonly told: Told;
  readonly day: number;
  readonly stored?: string;
  readonly refused?: string;
}

it.each(facts as unknown as Vector[])("is stored as by the container: $name", (vector) => {
  const shop = { categories: vector.categories } as Shop;
  const found = witness(vector.told, shop, JSON.parse(vector.goods) as Goods, vector.day);
  expect(typeof found === "string" ? found : serializeFact(found)).toBe(vector.refused ?? vector.stored);
});
