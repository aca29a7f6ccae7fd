// Addresses share rate limits as in the container: every shared vector, one by one.

import { expect, it } from "vitest";

import networks from "../../../tests/contract/network.json";
import { rateLimitKey } from "./network.ts";

it.each(networks)("is limited as by the container: $name", ({ address, key }) => {
  expect(rateLimitKey(address)).toBe(key);
});
