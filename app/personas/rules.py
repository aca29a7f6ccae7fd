"""What a shopper did -> their signals -> their persona: rules the Worker follows as well.

All numbers are whole. The newest 200 facts count. A view or a filter that is told again on the same
day counts once.

Weights: a view 1, a filter 2, a dwell 2 (nothing under 10 seconds), a product put into the basket
4, an order 8. `evidence` is the sum of the weights. Each category gains a fact's weight for each of
its products (or for the filter that names it).

Signals
  avg_order_value       value of all orders // number of orders, in hundredths, divided by 100;
                        an order worth nothing is not counted
  category_preferences  categories with at least 3 points and a fifth of all points, the highest
                        first, of equals the one met last; at most 3
  price_sensitivity     thrift: weight for each product of low price and for each reduced one, 3 for
                        sorting by the lowest price. Luxury: weight for each product of high price,
                        3 for sorting by the highest. `high` where thrift is at least 6 and at least
                        twice luxury, `low` the other way round, else `medium`
  browsing_patterns     the first 3 that hold, in this order:
    buys_again          2 orders or more
    returns             was here on 3 days or more
    sorts_by_price      sorted by the lowest price twice or more
    lingers             3 dwells or more, of 45 seconds on average
    compares            5 different products of one category or more
    wanders             4 categories or more, none with half of all points
    focuses             6 points in all or more, three fifths of them in one category
    decides_quickly     an order or a basket, and at most 3 views for each

Type: the one with most points; of equals the first.
  loyalist        5 buys_again, 2 returns, 1 for 4 orders or more
  bargain_hunter  3 sensitivity high, 2 sorts_by_price
  collector       3 sensitivity low, 1 lingers, 1 compares
  explorer        1 always, 2 wanders
  minimalist      2 focuses, 2 decides_quickly

Confidence grows in few steps, since each step composes the page anew: 40 % from 8 points of
evidence, 55 % from 16, 70 % from 32, 85 % from 64, 95 % from 128; 15 % less where two types have
equally many points. With less evidence than 8 the shopper is the newcomer that everybody begins as.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.domain.facts import MAX_FACTS, Fact
from app.domain.persona import NEWCOMER, Persona, PersonaType, Signals

WEIGHTS = {"view": 1, "filter": 2, "dwell": 2, "add_to_basket": 4, "purchase": 8}
SORT_WEIGHT = 3
MIN_DWELL = 10
CONFIDENCE_STEPS = ((128, 95), (64, 85), (32, 70), (16, 55), (8, 40))
UNDECIDED = 15
MAX_NAMES = 3

PREFERENCE_POINTS = 3
PREFERENCE_PERCENT = 20
CLEAR_SENSITIVITY = 6
CLEAR_RATIO = 2

BUYING_AGAIN_ORDERS = 2
RETURNING_DAYS = 3
PRICE_SORTS = 2
LINGERING_DWELLS = 3
LINGERING_SECONDS = 45
COMPARED_PRODUCTS = 5
WANDERED_CATEGORIES = 4
WANDERED_PERCENT = 50
FOCUSED_POINTS = 6
FOCUSED_PERCENT = 60
QUICK_VIEWS = 3
MANY_ORDERS = 4

TYPE_POINTS: Mapping[PersonaType, Mapping[str, int]] = {
    "loyalist": {"buys_again": 5, "returns": 2, "many_orders": 1},
    "bargain_hunter": {"high_sensitivity": 3, "sorts_by_price": 2},
    "collector": {"low_sensitivity": 3, "lingers": 1, "compares": 1},
    "explorer": {"always": 1, "wanders": 2},
    "minimalist": {"focuses": 2, "decides_quickly": 2},
}
"""What speaks for each type: patterns, and what else a shopper is known by."""


@dataclass(slots=True, eq=False, repr=False)
class _Tally:
    """What the facts add up to."""

    evidence: int = 0
    thrift: int = 0
    luxury: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    paid: list[int] = field(default_factory=list)
    seconds: int = 0
    price_sorts: int = 0
    days: set[int] = field(default_factory=set)
    points: dict[str, int] = field(default_factory=dict)
    products: dict[str, set[str]] = field(default_factory=dict)


def classify(facts: Sequence[Fact]) -> Persona:
    """Return the persona that the facts speak for."""
    tally = _Tally()
    for fact in _without_repeats(facts[-MAX_FACTS:]):
        _add(fact, tally)
    confidence = next((step for least, step in CONFIDENCE_STEPS if tally.evidence >= least), 0)
    if not confidence:
        return NEWCOMER
    sensitivity = _sensitivity(tally)
    patterns = _patterns(tally)
    kind, clear = _type(tally, sensitivity, patterns)
    signals = Signals(
        avg_order_value=sum(tally.paid) // max(len(tally.paid), 1) / 100,
        category_preferences=_preferences(tally),
        price_sensitivity=sensitivity,
        browsing_patterns=tuple(patterns[:MAX_NAMES]),
    )
    return Persona(kind, (confidence if clear else confidence - UNDECIDED) / 100, signals)


def _without_repeats(facts: Iterable[Fact]) -> Iterable[Fact]:
    seen = set()
    for fact in facts:
        if fact.kind in ("view", "filter"):
            deed = (fact.kind, fact.day, fact.products, fact.categories, fact.sort)
            if deed in seen:
                continue
            seen.add(deed)
        yield fact


def _add(fact: Fact, tally: _Tally) -> None:
    short = fact.kind == "dwell" and fact.seconds < MIN_DWELL
    weight = 0 if short else WEIGHTS[fact.kind]
    tally.evidence += weight
    tally.thrift += weight * (fact.low + fact.reduced) + SORT_WEIGHT * (fact.sort == "price-asc")
    tally.luxury += weight * fact.high + SORT_WEIGHT * (fact.sort == "price-desc")
    tally.price_sorts += fact.sort == "price-asc"
    tally.days.add(fact.day)
    tally.kinds[fact.kind] += not short
    if fact.kind == "purchase" and fact.cents:
        tally.paid.append(fact.cents)
    elif fact.kind == "dwell" and not short:
        tally.seconds += fact.seconds
    for at, category in enumerate(fact.categories if weight else ()):
        # Removed and inserted again, so that the order is that of the last mention.
        tally.points[category] = tally.points.pop(category, 0) + weight
        tally.products.setdefault(category, set()).update(fact.products[at : at + 1])


def _preferences(tally: _Tally) -> tuple[str, ...]:
    total = sum(tally.points.values())
    latest_first = reversed(tally.points.items())
    liked = [
        (name, points)
        for name, points in latest_first
        if points >= PREFERENCE_POINTS and 100 * points >= PREFERENCE_PERCENT * total
    ]
    liked.sort(key=lambda item: -item[1])
    return tuple(name for name, _ in liked[:MAX_NAMES])


def _sensitivity(tally: _Tally) -> Literal["low", "medium", "high"]:
    if tally.thrift >= CLEAR_SENSITIVITY and tally.thrift >= CLEAR_RATIO * tally.luxury:
        return "high"
    if tally.luxury >= CLEAR_SENSITIVITY and tally.luxury >= CLEAR_RATIO * tally.thrift:
        return "low"
    return "medium"


def _patterns(tally: _Tally) -> list[str]:
    total, top = sum(tally.points.values()), max(tally.points.values(), default=0)
    orders, dwells = tally.kinds["purchase"], tally.kinds["dwell"]
    chosen = tally.kinds["add_to_basket"] + orders
    widest = max(map(len, tally.products.values()), default=0)
    found = {
        "buys_again": orders >= BUYING_AGAIN_ORDERS,
        "returns": len(tally.days) >= RETURNING_DAYS,
        "sorts_by_price": tally.price_sorts >= PRICE_SORTS,
        "lingers": dwells >= LINGERING_DWELLS and tally.seconds >= LINGERING_SECONDS * dwells,
        "compares": widest >= COMPARED_PRODUCTS,
        "wanders": len(tally.points) >= WANDERED_CATEGORIES
        and 100 * top < WANDERED_PERCENT * total,
        "focuses": total >= FOCUSED_POINTS and 100 * top >= FOCUSED_PERCENT * total,
        "decides_quickly": chosen >= 1 and tally.kinds["view"] <= QUICK_VIEWS * chosen,
    }
    return [name for name, holds in found.items() if holds]


def _type(tally: _Tally, sensitivity: str, patterns: Iterable[str]) -> tuple[PersonaType, bool]:
    """Return the type with most points, and whether no other has as many."""
    often = ["many_orders"] if tally.kinds["purchase"] >= MANY_ORDERS else []
    known = {"always", f"{sensitivity}_sensitivity", *patterns, *often}
    points = {
        kind: sum(count for clue, count in clues.items() if clue in known)
        for kind, clues in TYPE_POINTS.items()
    }
    best = max(points.values())
    ahead = [kind for kind, reached in points.items() if reached == best]
    return ahead[0], len(ahead) == 1
