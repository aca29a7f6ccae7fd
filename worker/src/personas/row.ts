// A persona as the database states it, read as strictly as the container does.

import { NEWCOMER, type Persona, type PersonaType, type Sensitivity } from "./persona.ts";

const TYPES: readonly PersonaType[] = ["newcomer", "minimalist", "collector", "bargain_hunter", "explorer", "loyalist"];

const MOST_NAMES = 50;
const LONGEST_NAME = 200;
const MOST_WORTH = 1e9;

export interface Row {
  readonly type: unknown;
  readonly confidence: unknown;
  readonly signals: unknown;
}

/** Reads a row of `personas`; one that makes no sense is a newcomer's. */
export function personaOf(row: Row): Persona {
  try {
    const told: unknown = JSON.parse(String(row.signals));
    if (typeof told !== "object" || told === null || Array.isArray(told)) return NEWCOMER;
    const values = told as Record<string, unknown>;
    const confidence = Number(row.confidence);
    const worth = Number(values["avg_order_value"] ?? 0);
    if (!Number.isFinite(confidence) || !Number.isFinite(worth)) return NEWCOMER;
    return {
      type: TYPES.find((name) => name === row.type) ?? "newcomer",
      confidence: bounded(confidence, 1),
      signals: {
        avg_order_value: bounded(worth, MOST_WORTH),
        category_preferences: names(values["category_preferences"]),
        price_sensitivity: sensitivity(values["price_sensitivity"]),
        browsing_patterns: names(values["browsing_patterns"]),
      },
    };
  } catch {
    return NEWCOMER;
  }
}

function sensitivity(value: unknown): Sensitivity {
  return value === "low" || value === "high" ? value : "medium";
}

/** Returns the first names, none longer than the container takes. */
function names(value: unknown): string[] {
  return Array.isArray(value) ? value.slice(0, MOST_NAMES).map((name) => String(name).slice(0, LONGEST_NAME)) : [];
}

function bounded(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
