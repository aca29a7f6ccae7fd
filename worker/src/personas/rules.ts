// Facts -> persona: the rules that app/personas/rules.py states in words.

import type { Fact, Kind } from "./fact.ts";
import { NEWCOMER, type Persona, type PersonaType, type Sensitivity } from "./persona.ts";

/** Facts of one shopper that are kept and counted. */
export const MOST_FACTS = 200;

const WEIGHTS: Record<Kind, number> = { view: 1, filter: 2, dwell: 2, add_to_basket: 4, purchase: 8 };
const SORT_WEIGHT = 3;
const SHORTEST_DWELL = 10;
const LINGERING = 45;
const CLEAR = 6;
const STEPS = [[128, 95], [64, 85], [32, 70], [16, 55], [8, 40]] as const;
const UNDECIDED = 15;
const MOST_NAMES = 3;

/** Returns the persona that the facts speak for. */
export function judge(facts: readonly Fact[]): Persona {
  const tally = new Tally();
  for (const fact of toldOnce(facts.slice(-MOST_FACTS))) tally.add(fact);
  const confidence = STEPS.find(([least]) => tally.evidence >= least)?.[1];
  if (confidence === undefined) return NEWCOMER;
  const sensitivity = sensitivityOf(tally);
  const patterns = patternsOf(tally);
  const [type, clear] = typeOf(tally, sensitivity, patterns);
  return {
    type,
    confidence: (clear ? confidence : confidence - UNDECIDED) / 100,
    signals: {
      avg_order_value: Math.floor(tally.paid / Math.max(tally.paidOrders, 1)) / 100,
      category_preferences: preferencesOf(tally),
      price_sensitivity: sensitivity,
      browsing_patterns: patterns.slice(0, MOST_NAMES),
    },
  };
}

function* toldOnce(facts: readonly Fact[]): Generator<Fact> {
  const told = new Set<string>();
  for (const fact of facts) {
    if (fact.kind === "view" || fact.kind === "filter") {
      const what = JSON.stringify([fact.kind, fact.day, fact.products, fact.categories, fact.sort]);
      if (told.has(what)) continue;
      told.add(what);
    }
    yield fact;
  }
}

class Tally {
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
    const short = fact.kind === "dwell" && fact.seconds < SHORTEST_DWELL;
    const weight = short ? 0 : WEIGHTS[fact.kind];
    this.evidence += weight;
    this.thrift += weight * (fact.low + fact.reduced) + (fact.sort === "price-asc" ? SORT_WEIGHT : 0);
    this.luxury += weight * fact.high + (fact.sort === "price-desc" ? SORT_WEIGHT : 0);
    this.priceSorts += fact.sort === "price-asc" ? 1 : 0;
    this.days.add(fact.day);
    this.addKind(fact, short);
    if (!weight) return;
    for (const [at, category] of fact.categories.entries()) this.addCategory(category, weight, fact.products[at]);
  }

  private addKind(fact: Fact, short: boolean): void {
    if (fact.kind === "view") this.views += 1;
    else if (fact.kind === "add_to_basket") this.baskets += 1;
    else if (fact.kind === "purchase") {
      this.orders += 1;
      this.paid += fact.cents;
      this.paidOrders += fact.cents ? 1 : 0;
    } else if (fact.kind === "dwell" && !short) {
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

function preferencesOf(tally: Tally): string[] {
  const total = sum(tally.points.values());
  const latestFirst = [...tally.points].reverse();
  const liked = latestFirst.filter(([, points]) => points >= 3 && points * 5 >= total);
  return liked.sort((one, other) => other[1] - one[1]).slice(0, MOST_NAMES).map(([name]) => name);
}

function sensitivityOf({ thrift, luxury }: Tally): Sensitivity {
  if (thrift >= CLEAR && thrift >= 2 * luxury) return "high";
  if (luxury >= CLEAR && luxury >= 2 * thrift) return "low";
  return "medium";
}

function patternsOf(tally: Tally): string[] {
  const total = sum(tally.points.values());
  const top = Math.max(0, ...tally.points.values());
  const chosen = tally.baskets + tally.orders;
  const widest = Math.max(0, ...[...tally.products.values()].map((products) => products.size));
  const found: [string, boolean][] = [
    ["buys_again", tally.orders >= 2],
    ["returns", tally.days.size >= 3],
    ["sorts_by_price", tally.priceSorts >= 2],
    ["lingers", tally.dwells >= 3 && tally.seconds >= LINGERING * tally.dwells],
    ["compares", widest >= 5],
    ["wanders", tally.points.size >= 4 && 2 * top < total],
    ["focuses", total >= 6 && 5 * top >= 3 * total],
    ["decides_quickly", chosen >= 1 && tally.views <= 3 * chosen],
  ];
  return found.filter(([, holds]) => holds).map(([name]) => name);
}

/** Returns the type with most points, and whether no other has as many. */
function typeOf(tally: Tally, sensitivity: Sensitivity, patterns: readonly string[]): [PersonaType, boolean] {
  const one = (pattern: string) => (patterns.includes(pattern) ? 1 : 0);
  const points: [PersonaType, number][] = [
    ["loyalist", 5 * one("buys_again") + 2 * one("returns") + (tally.orders >= 4 ? 1 : 0)],
    ["bargain_hunter", (sensitivity === "high" ? 3 : 0) + 2 * one("sorts_by_price")],
    ["collector", (sensitivity === "low" ? 3 : 0) + one("lingers") + one("compares")],
    ["explorer", 1 + 2 * one("wanders")],
    ["minimalist", 2 * one("focuses") + 2 * one("decides_quickly")],
  ];
  const best = Math.max(...points.map(([, reached]) => reached));
  const ahead = points.filter(([, reached]) => reached === best).map(([type]) => type);
  return [ahead[0] ?? "newcomer", ahead.length === 1];
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
