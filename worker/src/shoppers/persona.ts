// Whom a page is for, and what the database says of them, read as strictly as the container does.

export const PERSONA_TYPES = [
  "newcomer",
  "minimalist",
  "collector",
  "bargain_hunter",
  "explorer",
  "loyalist",
] as const;

export type PersonaType = (typeof PERSONA_TYPES)[number];
export type Sensitivity = "low" | "medium" | "high";

export interface Signals {
  readonly avg_order_value: number;
  readonly category_preferences: readonly string[];
  readonly price_sensitivity: Sensitivity;
  readonly browsing_patterns: readonly string[];
}

export interface Persona {
  readonly type: PersonaType;
  readonly confidence: number;
  readonly signals: Signals;
}

export const NEWCOMER: Persona = {
  type: "newcomer",
  confidence: 0,
  signals: { avg_order_value: 0, category_preferences: [], price_sensitivity: "medium", browsing_patterns: [] },
};

/** Reads a row of `personas`; one that makes no sense is a newcomer's. */
export function personaOf(row: { type: unknown; confidence: unknown; signals: unknown }): Persona {
  try {
    const told: unknown = JSON.parse(String(row.signals));
    if (typeof told !== "object" || told === null || Array.isArray(told)) return NEWCOMER;
    const values = told as Record<string, unknown>;
    const confidence = Number(row.confidence);
    const worth = Number(values["avg_order_value"] ?? 0);
    if (!Number.isFinite(confidence) || !Number.isFinite(worth)) return NEWCOMER;
    return {
      type: PERSONA_TYPES.find((name) => name === row.type) ?? "newcomer",
      confidence,
      signals: {
        avg_order_value: worth,
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

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}
