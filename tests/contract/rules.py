"""Vectors of the persona rules: stored facts, the persona they speak for, and its hash."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.domain.facts import read_fact
from app.domain.persona import Persona
from app.personas.key import persona_hash
from app.personas.rules import classify
from tests.contract.hashes import as_json
from tests.contract.hostile import NAMES, NOT_NAMES, NOT_NUMBERS, ODD_NUMBERS

Stored = dict[str, Any]
_SEED = 20_261_124
_CATEGORIES = ("Lamps", "Ceramics", "Caf\u00e9", "\u5bb6\u5177", "Textiles", "Stationery")


def about(kind: str, category: str = "Lamps", product: str = "p", **more: Any) -> Stored:
    """Return a stored fact about one product."""
    return {"kind": kind, "products": [product], "categories": [category], **more}


def views(count: int, category: str = "Lamps", **more: Any) -> list[Stored]:
    """Return views of so many different products."""
    return [about("view", category, f"{category}-{at}", **more) for at in range(count)]


def _cases() -> Iterator[tuple[str, Sequence[object]]]:
    yield "nothing", []
    yield from _evidence()
    yield from _kinds()
    yield from _tastes()
    yield from _hostile()
    yield from _random()


def _evidence() -> Iterator[tuple[str, Sequence[object]]]:
    for count in (1, 7, 8, 9, 15, 16, 31, 32, 63, 64, 127, 128, 129, 199, 200, 201, 250):
        yield f"{count} views", views(count)
    yield "one view told 50 times", [about("view")] * 50
    yield "one view on 12 days", [about("view", day=at) for at in range(12)]
    yield "one filter told 9 times", [{"kind": "filter", "categories": ["Lamps"]}] * 9
    yield "one basket told 9 times", [about("add_to_basket")] * 9
    yield "old facts give way", [*[about("purchase", cents=90000)] * 5, *views(200)]
    yield "an empty fact of each kind", [{"kind": kind} for kind in _WORDS]


_WORDS = ("view", "filter", "dwell", "add_to_basket", "purchase", "refund", "VIEW", "")


def _kinds() -> Iterator[tuple[str, Sequence[object]]]:
    for orders in range(1, 6):
        order = about("purchase", cents=5000, day=20_000)
        yield f"{orders} orders", [order] * orders
    for cents in (0, 1, 99, 100, 2499, 2500, 4999, 5000, 39_999, 40_000, 10**9, 10**9 + 1):
        yield f"an order of {cents}", [about("purchase", cents=cents)]
    yield "orders that do not divide", [about("purchase", cents=at) for at in (100, 101, 101)]
    yield "a free order beside a paid one", [about("purchase", cents=at) for at in (0, 7001)]
    for seconds in (9, 10, 44, 45, 600, 601):
        dwells = [about("dwell", product=str(at), seconds=seconds) for at in range(4)]
        yield f"4 dwells of {seconds} s", dwells
    yield "2 long dwells", [about("dwell", seconds=300)] * 2 + views(6)
    for days in (2, 3, 4):
        yield f"back on {days} days", [item for at in range(days) for item in views(4, day=at)]
    for many in (3, 4, 9):
        yield f"a basket after {many} views", [*views(many), about("add_to_basket")]
    yield "two baskets after six views", [*views(6), *[about("add_to_basket")] * 2]


def _tastes() -> Iterator[tuple[str, Sequence[object]]]:
    for count in (2, 3, 4, 5, 6):
        wide = [item for name in _CATEGORIES[:count] for item in views(4, name)]
        yield f"{count} categories alike", wide
        yield f"{count} categories, the first most", [*wide, *views(30, _CATEGORIES[0], day=2)]
    for level in ("low", "high", "reduced"):
        for count in (5, 6, 8, 20):
            yield f"{count} of {level} price", [{**item, level: 1} for item in views(count)]
    yield "low and high alike", [*views(6, low=1), *views(6, "Ceramics", high=1)]
    yield "low twice as often", [*views(12, low=1), *views(6, "Ceramics", high=1)]
    yield "low and reduced", views(8, low=1, reduced=1)
    for sort in ("price-asc", "price-desc", "name", "featured", "", "PRICE-ASC"):
        sorts = [{"kind": "filter", "categories": [name], "sort": sort} for name in _CATEGORIES]
        yield f"sorts by {sort}", sorts
        yield f"sorts by {sort} once", [*views(8), sorts[0]]
    ties = [about("view", name, name, day=day) for day in range(4) for name in ("b", "a", "c", "d")]
    yield "equal categories, the last first", ties
    yield "a fifth exactly", [*views(8, "a"), *views(2, "b"), *views(3, "c"), *views(3, "d")]
    basket = {"products": ["a", "b", "c"], "categories": ["Lamps", "Cups", "Lamps"], "cents": 12345}
    yield "an order of three", [{"kind": "purchase", **basket, "low": 1, "high": 1}]
    yield "more categories than products", [{"kind": "purchase", "categories": list("abcdef")}]


def _hostile() -> Iterator[tuple[str, Sequence[object]]]:
    for at, name in enumerate(NAMES):
        yield f"category {at}", [about("view", name, f"p{at}") for at in range(9)]
    yield "all hostile names", [about("add_to_basket", name, name) for name in NAMES[:40]]
    for at, value in enumerate((*NOT_NAMES, "Lamps", ["a", None, 1, "", "b", ["c"]])):
        facts = [about("purchase", cents=100), {"kind": "view", "products": value, "day": at}]
        yield f"products not named {at}", [*facts, {"kind": "purchase", "categories": value}]
    for at, value in enumerate((*NOT_NUMBERS, *ODD_NUMBERS)):
        numbers = dict.fromkeys(("day", "low", "high", "reduced", "cents", "seconds"), value)
        yield (
            f"numbers that are none {at}",
            [about(kind) | numbers for kind in ("purchase", "dwell")],
        )
    for at, value in enumerate(NOT_NAMES):
        yield f"not a fact {at}", [value, *views(8)]
        yield f"not a kind {at}", [{"kind": value}, *views(8)]
        yield f"not an order {at}", [{"kind": "filter", "sort": value, "categories": ["x"]}] * 9
    yield "unknown fields", views(9, price=0.01, persona="loyalist", __proto__={"kind": "purchase"})
    yield "thirty names", [{"kind": "purchase", "categories": [f"c{at}" for at in range(30)]}]


def _random() -> Iterator[tuple[str, Sequence[object]]]:
    """Yield shoppers of every sort; each leans to one kind of behaviour, so that all types occur."""
    chance = random.Random(_SEED)  # noqa: S311 - the same ones every time
    for at in range(120):
        kinds = chance.choices(_WORDS[:5], k=chance.randint(1, 5))
        some = _CATEGORIES[: chance.randint(1, len(_CATEGORIES))]
        level = chance.choice(("low", "high", "reduced", "none"))
        days = chance.randint(1, 4)
        facts = [_random_fact(chance, kinds, some, level) for _ in range(chance.randint(1, 60))]
        yield f"shopper {at}", [{**fact, "day": chance.randint(1, days)} for fact in facts]


def _random_fact(
    chance: random.Random, kinds: Sequence[str], categories: Sequence[str], level: str
) -> Stored:
    kind = chance.choice(kinds)
    fact = about(kind, chance.choice(categories), f"p{chance.randint(0, 9)}")
    if kind == "filter":
        return {
            **fact,
            "products": [],
            "sort": chance.choice(("", "name", "price-asc", "price-desc")),
        }
    if level != "none":
        fact[level] = chance.randint(0, 1)
    if kind == "dwell":
        fact["seconds"] = chance.choice((4, 10, 30, 60, 200))
    if kind == "purchase":
        fact["cents"] = chance.randint(0, 60_000)
    return fact


def judged(facts: Sequence[object]) -> Persona:
    """Return the persona of stored facts; what is no fact is passed over."""
    read = (read_fact(item) for item in facts)
    return classify([fact for fact in read if fact is not None])


def vectors() -> list[Mapping[str, Any]]:
    """Return stored facts with persona and hash."""
    made: list[Mapping[str, Any]] = []
    for name, facts in _cases():
        persona = judged(facts)
        expected = {"persona": as_json(persona), "hash": persona_hash(persona)}
        made.append({"name": name, "facts": list(facts), **expected})
    return made
