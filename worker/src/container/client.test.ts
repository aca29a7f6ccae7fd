// Which instance of the container is used.

import { describe, expect, it } from "vitest";

import { instanceFor } from "./client.ts";

describe("the instance", () => {
  it("is the same for all who ask for the like", () => {
    expect(instanceFor("demo|v2_newcomer_0_13efff8fd5bb", 3)).toBe(
      instanceFor("demo|v2_newcomer_0_13efff8fd5bb", 3),
    );
  });

  it("is one of as many as there are, each about as often as another", () => {
    const counts = new Map<string, number>();
    for (let at = 0; at < 3000; at += 1) {
      const name = instanceFor(`demo|v2_collector_70_${at}`, 3);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    expect(new Set(counts.keys())).toEqual(new Set(["shop-0", "shop-1", "shop-2"]));
    for (const count of counts.values()) expect(count).toBeGreaterThan(800);
  });

  it.each([1, 2, 3, 9])(
    "beside %i others takes its share of the keys, and no other moves",
    (known) => {
      const keys = Array.from({ length: 3000 }, (_, at) => `demo|v2_collector_70_${at}`);
      const moved = keys.filter((key) => instanceFor(key, known) !== instanceFor(key, known + 1));
      for (const key of moved) expect(instanceFor(key, known + 1)).toBe(`shop-${known}`);
      const share = moved.length / keys.length;
      expect(share).toBeGreaterThan(0.8 / (known + 1));
      expect(share).toBeLessThan(1.2 / (known + 1));
    },
  );
});
