// What a page may report is the same here as at the container: every shared vector, one by one.

import { expect, it } from "vitest";

import bodies from "../../../tests/contract/beacon.json";
import { parseSignals, type ReportedEvent, SignalsError } from "./schema.ts";

interface Vector {
  readonly name: string;
  /** Each character is a byte. */
  readonly body: string;
  readonly events?: readonly ReportedEvent[];
  readonly field?: string;
}

function parse(body: string): unknown {
  try {
    return { events: parseSignals(Uint8Array.from(body, (byte) => byte.charCodeAt(0))) };
  } catch (error) {
    if (error instanceof SignalsError) return { field: error.field };
    throw error;
  }
}

it.each(bodies as unknown as Vector[])(
  "a body is read as by the container: $name",
  ({ name, body, ...expected }) => {
    expect(parse(body), name).toEqual(expected);
  },
);
