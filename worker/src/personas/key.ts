// Persona -> persona hash: the same bands and spelling as app/personas/key.py.

import { collapseWhitespace } from "../util/whitespace.ts";
import type { Persona, Signals } from "./persona.ts";

/** Raised whenever bands or canonical form change, so that old hashes never mean something new. */
const VERSION = 2;
const ORDER_VALUE_BANDS = [1, 25, 50, 100, 200, 400];
const SENSITIVITY = { low: 0, medium: 1, high: 2 };
const MOST_NAMES = 3;
const LONGEST_NAME = 64;
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** Returns `v{version}_{type}_{confidence}_{digest}`, equal for like shoppers. */
export async function personaHash(persona: Persona): Promise<string> {
  const confidence = confidenceBand(persona.confidence);
  // The keys are written in the order in which canonical JSON sorts them.
  const canonical = JSON.stringify({ confidence, signals: banded(persona.signals), type: persona.type });
  const bytes = new TextEncoder().encode(canonical);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const hex = Array.from(digest.subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `v${VERSION}_${persona.type}_${confidence}_${hex}`;
}

/** Returns a confidence (0..1) as a percentage, rounded down to a multiple of 5. */
export function confidenceBand(confidence: number): number {
  const thousandths = Math.floor(Math.min(Math.max(confidence, 0), 1) * 1000 + 0.5);
  return Math.floor(thousandths / 50) * 5;
}

function banded(signals: Signals) {
  return {
    avg_order_value: ORDER_VALUE_BANDS.filter((edge) => signals.avg_order_value >= edge).length,
    browsing_patterns: folded(signals.browsing_patterns).sort(byCodePoints),
    category_preferences: folded(signals.category_preferences).sort(byCodePoints),
    price_sensitivity: SENSITIVITY[signals.price_sensitivity],
  };
}

/** Returns the first few distinct names, folded so that spelling does not part like shoppers. */
function folded(names: readonly string[]): string[] {
  return [...new Set(names.map(foldedName))].filter((name) => name !== "").slice(0, MOST_NAMES);
}

function foldedName(name: string): string {
  const wellFormed = name.replace(LONE_SURROGATES, "?");
  return collapseWhitespace(wellFormed.normalize("NFC").toLowerCase(), LONGEST_NAME);
}

function byCodePoints(one: string, other: string): number {
  const [ours, theirs] = [codePoints(one), codePoints(other)];
  const at = ours.findIndex((point, place) => point !== theirs[place]);
  return at < 0 ? ours.length - theirs.length : (ours[at] ?? -1) - (theirs[at] ?? -1);
}

function codePoints(text: string): number[] {
  return Array.from(text, (letter) => letter.codePointAt(0) ?? -1);
}
