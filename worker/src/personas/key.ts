// Persona -> persona hash, with the container's bands and spelling: equal for like shoppers.

import { PERSONA_KEY } from "../shared/constants.ts";
import { remembered } from "../util/remembered.ts";
import { sha256Hex } from "../util/sha256.ts";
import { collapseWhitespace } from "../util/whitespace.ts";
import type { Persona, Signals } from "./persona.ts";

const {
  VERSION,
  CONFIDENCE_STEP,
  ORDER_VALUE_BANDS,
  SENSITIVITY,
  MAX_NAMES,
  MAX_NAME_LENGTH,
  DIGEST_DIGITS,
} = PERSONA_KEY;
/** Like shoppers are many. */
const digestOf = remembered(sha256Hex, 512);
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Return `v{version}_{type}_{confidence}_{digest}`, equal for like shoppers. */
export async function personaHash(persona: Persona): Promise<string> {
  const confidence = confidenceBand(persona.confidence);
  // The keys are written in the order in which canonical JSON sorts them.
  const canonical = JSON.stringify({
    confidence,
    signals: toBands(persona.signals),
    type: persona.type,
  });
  const digest = (await digestOf(canonical)).slice(0, DIGEST_DIGITS);
  return `v${VERSION}_${persona.type}_${confidence}_${digest}`;
}

/** Return a confidence (0..1) as a percentage, rounded down to a multiple of the step. */
function confidenceBand(confidence: number): number {
  const thousandths = Math.floor(Math.min(Math.max(confidence, 0), 1) * 1000 + 0.5);
  return Math.floor(thousandths / (10 * CONFIDENCE_STEP)) * CONFIDENCE_STEP;
}

function toBands(signals: Signals) {
  return {
    avg_order_value: ORDER_VALUE_BANDS.filter((edge) => signals.avg_order_value >= edge).length,
    browsing_patterns: normalizeNames(signals.browsing_patterns).sort(compareCodePoints),
    category_preferences: normalizeNames(signals.category_preferences).sort(compareCodePoints),
    price_sensitivity: SENSITIVITY[signals.price_sensitivity],
  };
}

/** Return the first few distinct names, normalized so that spelling does not part like shoppers. */
function normalizeNames(names: readonly string[]): string[] {
  return [...new Set(names.map(normalizeName))].filter((name) => name !== "").slice(0, MAX_NAMES);
}

function normalizeName(name: string): string {
  const wellFormed = name.replace(LONE_SURROGATES, "?");
  return collapseWhitespace(wellFormed.normalize("NFC").toLowerCase(), MAX_NAME_LENGTH);
}

function compareCodePoints(left: string, right: string): number {
  const [a, b] = [codePoints(left), codePoints(right)];
  const index = a.findIndex((point, at) => point !== b[at]);
  return index < 0 ? a.length - b.length : (a[index] ?? -1) - (b[index] ?? -1);
}

function codePoints(text: string): number[] {
  return Array.from(text, (character) => character.codePointAt(0) ?? -1);
}
