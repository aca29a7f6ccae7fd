// How often something may be done.

import { expect, it } from "vitest";

import { RateLimiter } from "./rate_limit.ts";

it("gives a burst, then one at a time, and each key its own", () => {
  const limiter = new RateLimiter({ burst: 2, seconds: 10 });
  expect([limiter.acquire("a", 0), limiter.acquire("a", 0), limiter.acquire("a", 0)]).toEqual([
    0, 0, 10,
  ]);
  expect(limiter.acquire("b", 0)).toBe(0);
  expect([limiter.acquire("a", 10), limiter.acquire("a", 10)]).toEqual([0, 10]);
});
