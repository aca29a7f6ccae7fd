// What was seen is counted as the container counts it: every shared vector, one by one.

import { expect, it } from "vitest";

import vectors from "../../../tests/contract/views.json";
import type { SignalProducts } from "./facts.ts";
import type { ReportedEvent } from "./schema.ts";
import { toRows, type ViewRow } from "./views.ts";

interface Vector {
  readonly name: string;
  /** As text: a shop may sell `__proto__`. */
  readonly products: string;
  readonly slots: Readonly<Record<string, readonly string[]>>;
  readonly events: readonly ReportedEvent[];
  readonly rows: readonly ViewRow[];
}

it.each(vectors as unknown as Vector[])(
  "is counted as by the container: $name",
  ({ events, products, slots, rows }) => {
    expect(toRows(events, JSON.parse(products) as SignalProducts, slots)).toEqual(rows);
  },
);
