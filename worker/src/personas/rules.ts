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
      avg_order_value: Math.floor(totals.paid / Math.max(totals.paidOrders, 1)) / 100,
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
    const isShort = fact.kind === "dwell" && fact.seconds < RULES.MIN_DWELL;
    const weight = isShort ? 0 : RULES.WEIGHTS[fact.kind];
    this.evidence += weight;
    this.thrift +=
      weight * (fact.low + fact.reduced) + (fact.sort === "price-asc" ? RULES.SORT_WEIGHT : 0);
    this.luxury += weight * fact.high + (fact.sort === "price-desc" ? RULES.SORT_WEIGHT : 0);
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
  const selections = totals.baskets + totals.orders;
  const widest = Math.max(0, ...[...totals.products.values()].map((products) => products.size));
  const patterns = {
    buys_again: totals.orders >= RULES.BUYING_AGAIN_ORDERS,
    returns: totals.days.size >= RULES.RETURNING_DAYS,
    sorts_by_price: totals.priceSorts >= RULES.PRICE_SORTS,
    lingers:
      totals.dwells >= RULES.LINGERING_DWELLS &&
      totals.seconds >= RULES.LINGERING_SECONDS * totals.dwells,
    compares: widest >= RULES.COMPARED_PRODUCTS,
    wanders:
      totals.points.size >= RULES.WANDERED_CATEGORIES && 100 * top < RULES.WANDERED_PERCENT * total,
    focuses: total >= RULES.FOCUSED_POINTS && 100 * top >= RULES.FOCUSED_PERCENT * total,
    decides_quickly: selections >= 1 && totals.views <= RULES.QUICK_VIEWS * selections,
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
  if (totals.orders >= RULES.MANY_ORDERS) clues.add("many_orders");
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
