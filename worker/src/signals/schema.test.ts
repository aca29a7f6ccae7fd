// What a page may tell is the same here as at the container: every shared vector, one by one.

import { expect, it } from "vitest";

import bodies from "../../../tests/contract/beacon.json";
import { BadBeacon, readBeacon, type Told } from "./schema.ts";

interface Vector {
  readonly name: string;
  readonly body: string;
  readonly told?: readonly Told[];
  readonly field?: string;
}

function read(body: string): unknown {
  try {
    return { told: readBeacon(body) };
  } catch (bad) {
    if (bad instanceof BadBeacon) return { field: bad.field };
    throw bad;
  }
}

it.each(bodies as unknown as Vector[])("a body is read as by the container: $name", ({ name, body, ...expected }) => {
  expect(read(body), name).toEqual(expected);
});
