"""How often what a shopper buys next is among the twenty products that a page may choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import NamedTuple

from app.catalog.ranking import MOST_OFFERED, rank
from app.domain.catalog import Goods, Money, Product, Shop
from app.domain.facts import Fact
from app.domain.persona import Interests
from app.personas.demand import count_demand, suggest
from app.personas.interests import interests
from app.personas.rules import classify
from tools.bench.measure import Row

_TODAY = 20_000
_SEED = 20_261_126
_TASTES, _OF_A_TASTE, _CATEGORIES = 20, 20, 10
_FACTS = 8_000
"""Those that a shop counts, at most."""

_FAITHFUL = 0.75
"""How often a shopper stays with their taste; else they take what is popular."""

_TAGS = ("bestseller", "handmade", "new", "set", "staple", "giftable")


class Recall(NamedTuple):
    """Of purchases held out, the share that was among the candidates of each way to choose."""

    suggested: float
    before: float
    popular: float


class _Shopper(NamedTuple):
    facts: Sequence[Fact]
    bought_next: str


def recall(shoppers: int, judged: int, seed: int = _SEED) -> Recall:
    """Let shoppers of known tastes look and buy; judge some by what they buy next.

    A taste is a set of products across categories, so that no category gives it away. `before` is
    the ranking by persona and by what the shopper did, without what others did.
    """
    chance = Random(seed)  # noqa: S311 - the same ones every time
    shop = _shop()
    everyone = [_shopper(chance, shop) for _ in range(shoppers)]
    latest = [(str(at), fact) for at, one in enumerate(everyone) for fact in reversed(one.facts)]
    demand = count_demand(latest[:_FACTS], _TODAY)
    purchases = (fact for _, fact in latest if fact.kind == "purchase")
    sold = Counter(name for fact in purchases for name in fact.products)
    popular = {name for name, _ in sold.most_common(MOST_OFFERED)}
    hits = [0, 0, 0]
    for one in everyone[:judged]:
        known = interests(one.facts)
        with_others = known._replace(suggested=suggest(known, demand, shop))
        chosen = (_offered(shop, one, with_others), _offered(shop, one, known), popular)
        for at, names in enumerate(chosen):
            hits[at] += one.bought_next in names
    return Recall(*(hit / judged for hit in hits))


def _offered(shop: Shop, one: _Shopper, known: Interests) -> set[str]:
    persona = classify(one.facts)._replace(interests=known)
    return {item.id for item in rank(shop, persona)}


def _shop() -> Shop:
    products = [
        Product(
            id=f"p{at}",
            title=f"Product {at}",
            price=Money(Decimal(5 + at % 50), "EUR"),
            category=f"Category {at // _TASTES % _CATEGORIES}",
            available=True,
            tags=(_TAGS[at % len(_TAGS)],),
        )
        for at in range(_TASTES * _OF_A_TASTE)
    ]
    return Shop("tastes", "Tastes", "", Goods({item.id: item for item in products}))


def _shopper(chance: Random, shop: Shop) -> _Shopper:
    """Return a shopper of one taste, whose last purchase is held out."""
    taste = chance.randrange(_TASTES)
    mine = [f"p{taste + _TASTES * at}" for at in range(_OF_A_TASTE)]

    def one() -> str:
        if chance.random() < _FAITHFUL:
            return chance.choice(mine)
        return f"p{int(len(shop.products) * chance.random() ** 3)}"

    def fact(kind: str, name: str) -> Fact:
        return Fact(kind, _TODAY - chance.randrange(20), (name,), (shop.products[name].category,))

    facts = [fact("view", one()) for _ in range(chance.randint(2, 8))]
    facts += [fact("add_to_basket", one()) for _ in range(chance.randint(0, 2))]
    facts += [fact("purchase", one()) for _ in range(chance.randint(0, 3))]
    facts.sort(key=lambda item: item.day)
    bought = {name for item in facts if item.kind == "purchase" for name in item.products}
    wanted = one()
    while wanted in bought:
        wanted = one()
    return _Shopper(facts, wanted)


def run(_: Path) -> Iterator[Row]:
    """Judge two thousand shoppers by what they buy next."""
    found = recall(3_000, 2_000)
    name = "purchases held out that are among 20 candidates"
    better = found.suggested > max(found.before, found.popular)
    yield Row(f"{name}; baseline: without others", found.suggested, "", found.before, good=better)
    yield Row(f"{name}; baseline: most popular", found.suggested, "", found.popular)
