// Personas: the kind of shopper a page is generated for, in the shapes of the platform's contract.

import type { PERSONA, PERSONA_KEY } from "../shared/constants.ts";

export type PersonaType = (typeof PERSONA.PERSONA_TYPES)[number];
export type Sensitivity = keyof typeof PERSONA_KEY.SENSITIVITY;

export interface Signals {
  readonly avg_order_value: number;
  readonly category_preferences: readonly string[];
  readonly price_sensitivity: Sensitivity;
  readonly browsing_patterns: readonly string[];
}

export interface Persona {
  readonly type: PersonaType;
  /** From 0 to 1. */
  readonly confidence: number;
  readonly signals: Signals;
}

export const NEWCOMER: Persona = {
  type: "newcomer",
  confidence: 0,
  signals: {
    avg_order_value: 0,
    category_preferences: [],
    price_sensitivity: "medium",
    browsing_patterns: [],
  },
};
