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

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.domain.facts import MOST_FACTS, Fact
from app.domain.persona import NEWCOMER, Persona, PersonaType, Signals

_WEIGHTS = {"view": 1, "filter": 2, "dwell": 2, "add_to_basket": 4, "purchase": 8}
_SORT_WEIGHT = 3
_SHORTEST_DWELL = 10
_LINGERING = 45
_CLEAR = 6
_STEPS = ((128, 95), (64, 85), (32, 70), (16, 55), (8, 40))
_UNDECIDED = 15
_MOST_NAMES = 3


@dataclass(slots=True)
class _Tally:
    """What the facts add up to."""

    evidence: int = 0
    thrift: int = 0
    luxury: int = 0
    orders: int = 0
    paid: list[int] = field(default_factory=list)
    baskets: int = 0
    views: int = 0
    dwells: int = 0
    seconds: int = 0
    price_sorts: int = 0
    days: set[int] = field(default_factory=set)
    points: dict[str, int] = field(default_factory=dict)
    products: dict[str, set[str]] = field(default_factory=dict)


def classify(facts: Sequence[Fact]) -> Persona:
    """Return the persona that the facts speak for."""
    tally = _Tally()
    for fact in _told_once(facts[-MOST_FACTS:]):
        _add(fact, tally)
    confidence = next((step for least, step in _STEPS if tally.evidence >= least), 0)
    if not confidence:
        return NEWCOMER
    sensitivity = _sensitivity(tally)
    patterns = _patterns(tally)
    kind, clear = _type(tally, sensitivity, patterns)
    signals = Signals(
        avg_order_value=sum(tally.paid) // max(len(tally.paid), 1) / 100,
        category_preferences=_preferences(tally),
        price_sensitivity=sensitivity,
        browsing_patterns=tuple(patterns[:_MOST_NAMES]),
    )
    return Persona(kind, (confidence if clear else confidence - _UNDECIDED) / 100, signals)


def _told_once(facts: Iterable[Fact]) -> Iterable[Fact]:
    seen = set()
    for fact in facts:
        if fact.kind in ("view", "filter"):
            what = (fact.kind, fact.day, fact.products, fact.categories, fact.sort)
            if what in seen:
                continue
            seen.add(what)
        yield fact


def _add(fact: Fact, tally: _Tally) -> None:
    short = fact.kind == "dwell" and fact.seconds < _SHORTEST_DWELL
    weight = 0 if short else _WEIGHTS[fact.kind]
    tally.evidence += weight
    tally.thrift += weight * (fact.low + fact.reduced) + _SORT_WEIGHT * (fact.sort == "price-asc")
    tally.luxury += weight * fact.high + _SORT_WEIGHT * (fact.sort == "price-desc")
    tally.price_sorts += fact.sort == "price-asc"
    tally.days.add(fact.day)
    _add_kind(fact, tally, short=short)
    for at, category in enumerate(fact.categories if weight else ()):
        # Taken out and put back: the order of the points is that of the last mention.
        tally.points[category] = tally.points.pop(category, 0) + weight
        tally.products.setdefault(category, set()).update(fact.products[at : at + 1])


def _add_kind(fact: Fact, tally: _Tally, *, short: bool) -> None:
    if fact.kind == "view":
        tally.views += 1
    elif fact.kind == "add_to_basket":
        tally.baskets += 1
    elif fact.kind == "purchase":
        tally.orders += 1
        if fact.cents:
            tally.paid.append(fact.cents)
    elif fact.kind == "dwell" and not short:
        tally.dwells += 1
        tally.seconds += fact.seconds


def _preferences(tally: _Tally) -> tuple[str, ...]:
    total = sum(tally.points.values())
    latest_first = reversed(tally.points.items())
    liked = [item for item in latest_first if item[1] >= 3 and item[1] * 5 >= total]
    liked.sort(key=lambda item: -item[1])
    return tuple(name for name, _ in liked[:_MOST_NAMES])


def _sensitivity(tally: _Tally) -> Literal["low", "medium", "high"]:
    if tally.thrift >= _CLEAR and tally.thrift >= 2 * tally.luxury:
        return "high"
    if tally.luxury >= _CLEAR and tally.luxury >= 2 * tally.thrift:
        return "low"
    return "medium"


def _patterns(tally: _Tally) -> list[str]:
    total, top = sum(tally.points.values()), max(tally.points.values(), default=0)
    chosen = tally.baskets + tally.orders
    widest = max(map(len, tally.products.values()), default=0)
    found = {
        "buys_again": tally.orders >= 2,
        "returns": len(tally.days) >= 3,
        "sorts_by_price": tally.price_sorts >= 2,
        "lingers": tally.dwells >= 3 and tally.seconds >= _LINGERING * tally.dwells,
        "compares": widest >= 5,
        "wanders": len(tally.points) >= 4 and 2 * top < total,
        "focuses": total >= 6 and 5 * top >= 3 * total,
        "decides_quickly": chosen >= 1 and tally.views <= 3 * chosen,
    }
    return [name for name, holds in found.items() if holds]


def _type(tally: _Tally, sensitivity: str, patterns: Sequence[str]) -> tuple[PersonaType, bool]:
    """Return the type with most points, and whether no other has as many."""
    holds = {name: name in patterns for name in _EVERY_PATTERN}
    points: dict[PersonaType, int] = {
        "loyalist": 5 * holds["buys_again"] + 2 * holds["returns"] + (tally.orders >= 4),
        "bargain_hunter": 3 * (sensitivity == "high") + 2 * holds["sorts_by_price"],
        "collector": 3 * (sensitivity == "low") + holds["lingers"] + holds["compares"],
        "explorer": 1 + 2 * holds["wanders"],
        "minimalist": 2 * holds["focuses"] + 2 * holds["decides_quickly"],
    }
    best = max(points.values())
    ahead = [kind for kind, reached in points.items() if reached == best]
    return ahead[0], len(ahead) == 1


_EVERY_PATTERN = (
    "buys_again",
    "returns",
    "sorts_by_price",
    "lingers",
    "compares",
    "wanders",
    "focuses",
    "decides_quickly",
)
