// A row of `personas`, parsed with the same bounds as the container keeps.

import { NEWCOMER, type Persona, type PersonaType, type Sensitivity } from "./persona.ts";

const TYPES: readonly PersonaType[] = [
  "newcomer",
  "minimalist",
  "collector",
  "bargain_hunter",
  "explorer",
  "loyalist",
];

const MAX_NAMES = 50;
const MAX_NAME_LENGTH = 200;
const MAX_ORDER_VALUE = 1e9;

export interface PersonaRow {
  readonly type: unknown;
  readonly confidence: unknown;
  readonly signals: unknown;
}

/** Parse a row of `personas`; an invalid one is the newcomer's. */
export function parsePersona(row: PersonaRow): Persona {
  try {
    const signals: unknown = JSON.parse(String(row.signals));
    if (typeof signals !== "object" || signals === null || Array.isArray(signals)) return NEWCOMER;
    const fields = signals as Record<string, unknown>;
    const confidence = Number(row.confidence);
    const orderValue = Number(fields["avg_order_value"] ?? 0);
    if (!Number.isFinite(confidence) || !Number.isFinite(orderValue)) return NEWCOMER;
    return {
      type: TYPES.find((type) => type === row.type) ?? "newcomer",
      confidence: clamp(confidence, 1),
      signals: {
        avg_order_value: clamp(orderValue, MAX_ORDER_VALUE),
        category_preferences: names(fields["category_preferences"]),
        price_sensitivity: sensitivity(fields["price_sensitivity"]),
        browsing_patterns: names(fields["browsing_patterns"]),
      },
    };
  } catch {
    return NEWCOMER;
  }
}

function sensitivity(value: unknown): Sensitivity {
  return value === "low" || value === "high" ? value : "medium";
}

/** Return the first names, none longer than the container takes. */
function names(value: unknown): string[] {
  return Array.isArray(value)
    ? value.slice(0, MAX_NAMES).map((name) => String(name).slice(0, MAX_NAME_LENGTH))
    : [];
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
