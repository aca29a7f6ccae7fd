// Shoppers are in the arms that the container puts them in: every shared vector, one by one.

import { expect, it } from "vitest";

import vectors from "../../../tests/contract/experiments.json";
import { armKey, assign, type Experiments, exposures, NO_ARM, pageHash } from "./assign.ts";

interface Vector {
  readonly name: string;
  readonly experiments: Experiments;
  readonly persona: string;
  readonly now: number;
  readonly shoppers: Readonly<
    Record<string, { arm: string; page: string; pins: boolean; exposures: string[][] }>
  >;
}

it.each(vectors as unknown as Vector[])(
  "assigns shoppers as the container does: $name",
  async ({ experiments, persona, now, shoppers }) => {
    for (const [shopper, expected] of Object.entries(shoppers)) {
      const arm = await assign(experiments, shopper, persona, now);
      const seen = await exposures(experiments, shopper, arm, now);
      expect({ arm: armKey(arm), page: arm.page, pins: arm.pins, exposures: seen }).toEqual(
        expected,
      );
    }
  },
);

it("keeps the pages of an arm apart from all others", () => {
  expect(pageHash("v2_x", { ...NO_ARM, experiment: "copy", arm: "b" })).toBe("v2_x.copy.b");
  expect(pageHash("v2_x", NO_ARM)).toBe("v2_x");
});
