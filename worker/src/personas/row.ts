// A row of `personas`, parsed with the same bounds as the container keeps.

import { PERSONA } from "../shared/constants.ts";
import { NEWCOMER, type Persona } from "./persona.ts";

export interface PersonaRow {
  readonly type: unknown;
  readonly confidence: unknown;
  readonly signals: unknown;
}

/** Parse a row of `personas`; an invalid one is the newcomer's. */
export function parsePersona(row: PersonaRow): Persona {
  const confidence = readNumber(row.confidence, 1);
  const signals = parseSignals(row.signals);
  if (confidence === null || signals === null) return NEWCOMER;
  // A missing field is empty; one that is null is invalid.
  const { avg_order_value = 0, category_preferences = [], browsing_patterns = [] } = signals;
  const orderValue = readNumber(avg_order_value, PERSONA.MAX_ORDER_VALUE);
  const categories = readNames(category_preferences);
  const patterns = readNames(browsing_patterns);
  if (orderValue === null || categories === null || patterns === null) return NEWCOMER;
  const { price_sensitivity } = signals;
  return {
    type: PERSONA.PERSONA_TYPES.find((type) => type === row.type) ?? "newcomer",
    confidence,
    signals: {
      avg_order_value: orderValue,
      category_preferences: categories,
      price_sensitivity:
        price_sensitivity === "low" || price_sensitivity === "high" ? price_sensitivity : "medium",
      browsing_patterns: patterns,
    },
  };
}

interface StoredSignals {
  readonly avg_order_value?: unknown;
  readonly category_preferences?: unknown;
  readonly price_sensitivity?: unknown;
  readonly browsing_patterns?: unknown;
}

function parseSignals(text: unknown): StoredSignals | null {
  try {
    const value: unknown = JSON.parse(String(text));
    return typeof value === "object" && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

/** Return a number from 0 to `max`; null for what is none. */
function readNumber(value: unknown, max: number): number | null {
  return typeof value === "number" && Number.isFinite(value)
    ? Math.min(Math.max(value, 0), max)
    : null;
}

/** Return the first of a list's texts, each cut to so many code points; null for what is no list. */
function readNames(value: unknown): string[] | null {
  if (!Array.isArray(value)) return null;
  const texts = value.filter((name) => typeof name === "string").slice(0, PERSONA.MAX_NAMES);
  return texts.map((name) => [...name].slice(0, PERSONA.MAX_NAME_LENGTH).join(""));
}
