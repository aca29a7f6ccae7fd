// Classify a shopper by their facts: the rules that app/personas/rules.py states in words.

import type { Fact, Kind } from "./fact.ts";
import { NEWCOMER, type Persona, type PersonaType, type Sensitivity } from "./persona.ts";

/** Bounds the facts of one shopper that are stored and counted. */
const MAX_FACTS = 200;

const WEIGHTS: Record<Kind, number> = {
  view: 1,
  filter: 2,
  dwell: 2,
  add_to_basket: 4,
  purchase: 8,
};
const SORT_WEIGHT = 3;
const MIN_DWELL_SECONDS = 10;
const LONG_DWELL_SECONDS = 45;
const MIN_SENSITIVITY_WEIGHT = 6;
/** Pairs of the least evidence and the confidence that it gives, in per cent. */
const CONFIDENCE_STEPS = [
  [128, 95],
  [64, 85],
  [32, 70],
  [16, 55],
  [8, 40],
] as const;
const TIE_PENALTY = 15;
const MAX_NAMES = 3;

/** Return the persona that the facts speak for. */
export function classify(facts: readonly Fact[]): Persona {
  const totals = new Totals();
  for (const fact of withoutRepeats(facts.slice(-MAX_FACTS))) totals.add(fact);
  const confidence = CONFIDENCE_STEPS.find(([evidence]) => totals.evidence >= evidence)?.[1];
  if (confidence === undefined) return NEWCOMER;
  const sensitivity = sensitivityOf(totals);
  const patterns = patternsOf(totals);
  const [type, isTied] = typeOf(totals, sensitivity, patterns);
  return {
    type,
    confidence: (isTied ? confidence - TIE_PENALTY : confidence) / 100,
    signals: {
      avg_order_value: Math.floor(totals.paid / Math.max(totals.paidOrders, 1)) / 100,
      category_preferences: preferencesOf(totals),
      price_sensitivity: sensitivity,
      browsing_patterns: patterns.slice(0, MAX_NAMES),
    },
  };
}

/** Drop a view or a filter that is reported again on the same day. */
function* withoutRepeats(facts: readonly Fact[]): Generator<Fact> {
  const seen = new Set<string>();
  for (const fact of facts) {
    if (fact.kind === "view" || fact.kind === "filter") {
      const key = JSON.stringify([fact.kind, fact.day, fact.products, fact.categories, fact.sort]);
      if (seen.has(key)) continue;
      seen.add(key);
    }
    yield fact;
  }
}

/** What the facts add up to. */
class Totals {
  evidence = 0;
  thrift = 0;
  luxury = 0;
  orders = 0;
  paid = 0;
  paidOrders = 0;
  baskets = 0;
  views = 0;
  dwells = 0;
  seconds = 0;
  priceSorts = 0;
  readonly days = new Set<number>();
  readonly points = new Map<string, number>();
  readonly products = new Map<string, Set<string>>();

  add(fact: Fact): void {
    const isShort = fact.kind === "dwell" && fact.seconds < MIN_DWELL_SECONDS;
    const weight = isShort ? 0 : WEIGHTS[fact.kind];
    this.evidence += weight;
    this.thrift +=
      weight * (fact.low + fact.reduced) + (fact.sort === "price-asc" ? SORT_WEIGHT : 0);
    this.luxury += weight * fact.high + (fact.sort === "price-desc" ? SORT_WEIGHT : 0);
    this.priceSorts += fact.sort === "price-asc" ? 1 : 0;
    this.days.add(fact.day);
    this.addKind(fact, isShort);
    if (!weight) return;
    for (const [index, category] of fact.categories.entries())
      this.addCategory(category, weight, fact.products[index]);
  }

  private addKind(fact: Fact, isShort: boolean): void {
    if (fact.kind === "view") this.views += 1;
    else if (fact.kind === "add_to_basket") this.baskets += 1;
    else if (fact.kind === "purchase") {
      this.orders += 1;
      this.paid += fact.cents;
      this.paidOrders += fact.cents ? 1 : 0;
    } else if (fact.kind === "dwell" && !isShort) {
      this.dwells += 1;
      this.seconds += fact.seconds;
    }
  }

  private addCategory(category: string, weight: number, product: string | undefined): void {
    const before = this.points.get(category) ?? 0;
    // Taken out and put back: the order of the points is that of the last mention.
    this.points.delete(category);
    this.points.set(category, before + weight);
    const products = this.products.get(category) ?? new Set<string>();
    this.products.set(category, products);
    if (product !== undefined) products.add(product);
  }
}

function preferencesOf(totals: Totals): string[] {
  const total = sum(totals.points.values());
  const latestFirst = [...totals.points].reverse();
  const preferred = latestFirst.filter(([, points]) => points >= 3 && points * 5 >= total);
  return preferred
    .sort(([, left], [, right]) => right - left)
    .slice(0, MAX_NAMES)
    .map(([name]) => name);
}

function sensitivityOf({ thrift, luxury }: Totals): Sensitivity {
  if (thrift >= MIN_SENSITIVITY_WEIGHT && thrift >= 2 * luxury) return "high";
  if (luxury >= MIN_SENSITIVITY_WEIGHT && luxury >= 2 * thrift) return "low";
  return "medium";
}

function patternsOf(totals: Totals): string[] {
  const total = sum(totals.points.values());
  const top = Math.max(0, ...totals.points.values());
  const selections = totals.baskets + totals.orders;
  const widest = Math.max(0, ...[...totals.products.values()].map((products) => products.size));
  const patterns: [string, boolean][] = [
    ["buys_again", totals.orders >= 2],
    ["returns", totals.days.size >= 3],
    ["sorts_by_price", totals.priceSorts >= 2],
    ["lingers", totals.dwells >= 3 && totals.seconds >= LONG_DWELL_SECONDS * totals.dwells],
    ["compares", widest >= 5],
    ["wanders", totals.points.size >= 4 && 2 * top < total],
    ["focuses", total >= 6 && 5 * top >= 3 * total],
    ["decides_quickly", selections >= 1 && totals.views <= 3 * selections],
  ];
  return patterns.filter(([, matches]) => matches).map(([name]) => name);
}

/** Return the type with most points, and whether another has as many. */
function typeOf(
  totals: Totals,
  sensitivity: Sensitivity,
  patterns: readonly string[],
): [PersonaType, boolean] {
  const has = (pattern: string) => (patterns.includes(pattern) ? 1 : 0);
  const points: [PersonaType, number][] = [
    ["loyalist", 5 * has("buys_again") + 2 * has("returns") + (totals.orders >= 4 ? 1 : 0)],
    ["bargain_hunter", (sensitivity === "high" ? 3 : 0) + 2 * has("sorts_by_price")],
    ["collector", (sensitivity === "low" ? 3 : 0) + has("lingers") + has("compares")],
    ["explorer", 1 + 2 * has("wanders")],
    ["minimalist", 2 * has("focuses") + 2 * has("decides_quickly")],
  ];
  const best = Math.max(...points.map(([, score]) => score));
  const leaders = points.filter(([, score]) => score === best).map(([type]) => type);
  return [leaders[0] ?? "newcomer", leaders.length > 1];
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
