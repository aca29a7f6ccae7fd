// Persona -> persona hash, and shopper + hash -> the key a page is kept under.
//
// The container computes the same (app/stages/page_key.py); tests/contract holds both to it.

import type { Persona, Signals } from "./persona";

const VERSION = 2;
const ORDER_VALUE_BANDS = [1, 25, 50, 100, 200, 400];
const SENSITIVITY = { low: 0, medium: 1, high: 2 };
const MOST_NAMES = 3;
const LONGEST_NAME = 64;

// What Python takes for white space, which is not quite what JavaScript does.
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;

/** Returns `v{version}_{type}_{confidence}_{digest}`, equal for like shoppers. */
export async function personaHash(persona: Persona): Promise<string> {
  const confidence = confidenceBand(persona.confidence);
  // The keys stand in the order of the alphabet, as the canonical form wants them.
  const canonical = JSON.stringify({ confidence, signals: banded(persona.signals), type: persona.type });
  const digest = await hexDigest(canonical);
  return `v${VERSION}_${persona.type}_${confidence}_${digest.slice(0, 12)}`;
}

export function pageKey(shopperId: string, hash: string): string {
  return `ui:${shopperId}:${hash}`;
}

/** Returns a confidence (0..1) as a percentage, rounded down to a multiple of 5. */
export function confidenceBand(confidence: number): number {
  const thousandths = Math.floor(Math.min(Math.max(confidence, 0), 1) * 1000 + 0.5);
  return Math.floor(thousandths / 50) * 5;
}

function banded(signals: Signals): Record<string, unknown> {
  return {
    avg_order_value: ORDER_VALUE_BANDS.filter((edge) => signals.avg_order_value >= edge).length,
    browsing_patterns: folded(signals.browsing_patterns).sort(byCodePoint),
    category_preferences: folded(signals.category_preferences).sort(byCodePoint),
    price_sensitivity: SENSITIVITY[signals.price_sensitivity],
  };
}

/** Returns the first few distinct names, folded so that spelling does not part like shoppers. */
function folded(names: readonly string[]): string[] {
  return [...new Set(names.map(fold).filter((name) => name !== ""))].slice(0, MOST_NAMES);
}

function fold(name: string): string {
  const wellFormed = replaceLone(name);
  const words = wellFormed.normalize("NFC").toLowerCase().split(SPACE).filter((word) => word !== "");
  return [...words.join(" ")].slice(0, LONGEST_NAME).join("");
}

/** Puts a question mark in the place of each half of a character, as the container does. */
function replaceLone(text: string): string {
  return Array.from(text, (char) => (/^[\ud800-\udfff]$/.test(char) ? "?" : char)).join("");
}

function byCodePoint(one: string, other: string): number {
  const [left, right] = [[...one], [...other]];
  for (let at = 0; at < Math.min(left.length, right.length); at += 1) {
    const difference = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

export async function hexDigest(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
