// Classify a shopper by their facts: the rules that app/personas/rules.py states in words.

import { FACTS, RULES } from "../shared/constants.ts";
import type { Fact } from "./fact.ts";
import { NEWCOMER, type Persona, type PersonaType, type Sensitivity } from "./persona.ts";

/** Return the persona that the facts speak for. */
export function classify(facts: readonly Fact[]): Persona {
  const totals = new Totals();
  for (const fact of withoutRepeats(facts.slice(-FACTS.MAX_FACTS))) totals.add(fact);
  const confidence = RULES.CONFIDENCE_STEPS.find(([evidence]) => totals.evidence >= evidence)?.[1];
  if (confidence === undefined) return NEWCOMER;
  const sensitivity = sensitivityOf(totals);
  const patterns = patternsOf(totals);
  const [type, isTied] = typeOf(totals, sensitivity, patterns);
  return {
    type,
    confidence: (isTied ? confidence - RULES.UNDECIDED : confidence) / 100,
    signals: {
      avg_order_value: Math.floor(sum(totals.paid) / Math.max(totals.paid.length, 1)) / 100,
      category_preferences: preferencesOf(totals),
      price_sensitivity: sensitivity,
      browsing_patterns: patterns.slice(0, RULES.MAX_NAMES),
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
  seconds = 0;
  priceSorts = 0;
  readonly paid: number[] = [];
  readonly kinds = { view: 0, filter: 0, dwell: 0, add_to_basket: 0, purchase: 0 };
  readonly days = new Set<number>();
  readonly points = new Map<string, number>();
  readonly products = new Map<string, Set<string>>();

  add(fact: Fact): void {
    const isShort = fact.kind === "dwell" && fact.seconds < RULES.MIN_DWELL;
    const weight = isShort ? 0 : RULES.WEIGHTS[fact.kind];
    this.evidence += weight;
    this.thrift +=
      weight * (fact.low + fact.reduced) + (fact.sort === "price-asc" ? RULES.SORT_WEIGHT : 0);
    this.luxury += weight * fact.high + (fact.sort === "price-desc" ? RULES.SORT_WEIGHT : 0);
    this.priceSorts += fact.sort === "price-asc" ? 1 : 0;
    this.days.add(fact.day);
    if (!weight) return;
    this.kinds[fact.kind] += 1;
    if (fact.kind === "purchase" && fact.cents > 0) this.paid.push(fact.cents);
    if (fact.kind === "dwell") this.seconds += fact.seconds;
    for (const [index, category] of fact.categories.entries())
      this.addCategory(category, weight, fact.products[index]);
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
  const preferred = latestFirst.filter(
    ([, points]) =>
      points >= RULES.PREFERENCE_POINTS && 100 * points >= RULES.PREFERENCE_PERCENT * total,
  );
  return preferred
    .sort(([, left], [, right]) => right - left)
    .slice(0, RULES.MAX_NAMES)
    .map(([name]) => name);
}

function sensitivityOf({ thrift, luxury }: Totals): Sensitivity {
  const { CLEAR_SENSITIVITY, CLEAR_RATIO } = RULES;
  if (thrift >= CLEAR_SENSITIVITY && thrift >= CLEAR_RATIO * luxury) return "high";
  if (luxury >= CLEAR_SENSITIVITY && luxury >= CLEAR_RATIO * thrift) return "low";
  return "medium";
}

function patternsOf(totals: Totals): string[] {
  const total = sum(totals.points.values());
  const top = Math.max(0, ...totals.points.values());
  const { view: views, dwell: dwells, add_to_basket: baskets, purchase: orders } = totals.kinds;
  const widest = Math.max(0, ...[...totals.products.values()].map((products) => products.size));
  const patterns = {
    buys_again: orders >= RULES.BUYING_AGAIN_ORDERS,
    returns: totals.days.size >= RULES.RETURNING_DAYS,
    sorts_by_price: totals.priceSorts >= RULES.PRICE_SORTS,
    lingers: dwells >= RULES.LINGERING_DWELLS && totals.seconds >= RULES.LINGERING_SECONDS * dwells,
    compares: widest >= RULES.COMPARED_PRODUCTS,
    wanders:
      totals.points.size >= RULES.WANDERED_CATEGORIES && 100 * top < RULES.WANDERED_PERCENT * total,
    focuses: total >= RULES.FOCUSED_POINTS && 100 * top >= RULES.FOCUSED_PERCENT * total,
    decides_quickly: baskets + orders >= 1 && views <= RULES.QUICK_VIEWS * (baskets + orders),
  };
  return Object.entries(patterns).flatMap(([name, matches]) => (matches ? [name] : []));
}

/** Return the type with most points, and whether another has as many. */
function typeOf(
  totals: Totals,
  sensitivity: Sensitivity,
  patterns: readonly string[],
): [PersonaType, boolean] {
  const clues = new Set(["always", `${sensitivity}_sensitivity`, ...patterns]);
  if (totals.kinds.purchase >= RULES.MANY_ORDERS) clues.add("many_orders");
  const points = Object.entries(RULES.TYPE_POINTS).map(([type, weights]): [PersonaType, number] => {
    const matching = Object.entries(weights).filter(([clue]) => clues.has(clue));
    return [type as PersonaType, sum(matching.map(([, weight]) => weight))];
  });
  const best = Math.max(...points.map(([, score]) => score));
  const leaders = points.filter(([, score]) => score === best).map(([type]) => type);
  return [leaders[0] ?? "newcomer", leaders.length > 1];
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
