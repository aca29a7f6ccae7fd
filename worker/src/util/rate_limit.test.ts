// Rates are kept as by the container: every shared vector, one by one.

import { expect, it } from "vitest";

import cases from "../../../tests/contract/rate_limit.json";
import { type Rate, RateLimiter } from "./rate_limit.ts";

interface Vector {
  readonly name: string;
  readonly rate: Rate;
  readonly calls: readonly (readonly [key: string, now: number])[];
  readonly waits: readonly number[];
}

it.each(cases as unknown as Vector[])("is kept: $name", ({ rate, calls, waits }) => {
  const limiter = new RateLimiter(rate);
  expect(calls.map(([key, now]) => limiter.acquire(key, now))).toEqual(waits);
});
