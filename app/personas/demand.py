"""Counts what a shop's shoppers view and buy together, and suggests products by it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import combinations
from math import inf, sqrt
from types import MappingProxyType
from typing import NamedTuple

from app.domain.catalog import Shop
from app.domain.facts import Fact, day_of
from app.domain.persona import Interests
from app.storage.db.rows import Row, read_shoppers_facts
from app.storage.errors import StorageError
from app.util.latest import Latest
from app.util.tasks import Tasks
from app.util.turns import paced

FRESH = 600.0
"""Seconds after which what is in demand is counted anew, once a page asks."""

_STRENGTH = {"view": 1, "add_to_basket": 2, "purchase": 3}
_MOST_OF_SHOPPER = 16
"""Products of one shopper, the latest, that count as dealt with together."""

_FEWEST_SHOPPERS = 2
"""Shoppers who bought one or dealt with two before that is said: one alone gives nothing away."""

_PATIENCE = 1.0
"""Seconds that a page waits at most for what is in demand to be counted for the first time."""

_MOST_COMPANIONS = 12
_MOST_SELLING = 20
_HALVED_DAYS = 7
"""Days after which an order counts half of what it did for what sells now."""

_MOST_SHOPS = 1_000
"""Shops of which demand is known at once."""

_MOST_TOGETHER, _MOST_BEST, _MOST_NEW = 10, 3, 2
"""Candidates of each kind."""


class Demand(NamedTuple):
    """What is dealt with together, and what sells now, the best first.

    `companions` has for a product others with how close they are, from 0 to 1: the cosine of who
    dealt with which, an order counting three times as much as a view.
    """

    companions: Mapping[str, Sequence[tuple[str, float]]] = MappingProxyType({})
    selling: tuple[str, ...] = ()


NO_DEMAND = Demand()


def count_demand(facts: Iterable[tuple[str, Fact]], today: int) -> Demand:
    """Return what is in demand by shoppers' latest facts, the newest first.

    `today` counts days since the epoch.
    """
    of_shopper: dict[str, dict[str, int]] = {}
    sold: dict[str, float] = {}
    buyers: dict[str, set[str]] = {}
    for shopper, fact in facts:
        strength = _STRENGTH.get(fact.kind, 0)
        products = of_shopper.setdefault(shopper, {})
        for name in fact.products if strength else ():
            if name in products or len(products) < _MOST_OF_SHOPPER:
                products[name] = max(strength, products.get(name, 0))
            if fact.kind == "purchase":
                age = max(today - fact.day, 0)
                sold[name] = sold.get(name, 0.0) + 0.5 ** (age / _HALVED_DAYS)
                buyers.setdefault(name, set()).add(shopper)
    popular = (name for name in sold if len(buyers[name]) >= _FEWEST_SHOPPERS)
    ranked = sorted(popular, key=lambda name: (-sold[name], name))
    return Demand(_companions(paced(of_shopper.values())), tuple(ranked[:_MOST_SELLING]))


def _companions(
    shoppers: Iterable[Mapping[str, int]],
) -> dict[str, tuple[tuple[str, float], ...]]:
    lengths: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    together: Counter[tuple[str, str]] = Counter()
    for products in shoppers:
        for name, strength in products.items():
            lengths[name] += strength**2
        for pair in combinations(sorted(products), 2):
            shared[pair] += products[pair[0]] * products[pair[1]]
            together[pair] += 1
    found: dict[str, list[tuple[str, float]]] = {}
    for (first, second), product in shared.items():
        if together[first, second] >= _FEWEST_SHOPPERS:
            close = product / sqrt(lengths[first] * lengths[second])
            found.setdefault(first, []).append((second, close))
            found.setdefault(second, []).append((first, close))
    return {
        name: tuple(sorted(others, key=lambda it: (-it[1], it[0]))[:_MOST_COMPANIONS])
        for name, others in found.items()
    }


def suggest(known: Interests, demand: Demand, shop: Shop) -> tuple[tuple[str, str], ...]:
    """Return what a shopper may want beside their own products, each with the reason in words.

    First what others dealt with beside those, then what sells now, then what the shop calls new.
    What they have bought is not among it. Where nothing is known of either, their persona decides.
    """
    own = known.own
    scores: dict[str, float] = {}
    because: dict[str, tuple[float, str]] = {}
    for name in own:
        for other, close in demand.companions.get(name, ()):
            scores[other] = scores.get(other, 0.0) + close
            because[other] = max(because.get(other, (0.0, "")), (close, name))
    found: dict[str, str] = {}

    def add(names: Iterable[str], most: int, reason: Callable[[str], str]) -> None:
        others = (it for it in names if it not in found and it not in own and it in shop.products)
        stocked = [it for it in others if shop.products[it].available]
        for name in stocked[:most]:
            found[name] = reason(name)

    ranked = sorted(scores, key=lambda name: (-scores[name], name))
    add(ranked, _MOST_TOGETHER, lambda name: f"goes with {because[name][1]}")
    add(demand.selling, _MOST_BEST, lambda _: "sells well")
    if own or found:
        new = (item.id for item in shop.everything() if "new" in item.tags)
        add(new, _MOST_NEW, lambda _: "new")
    return tuple(found.items())


class DemandReader:
    """Knows what is in demand in each shop, counted in the background every so often.

    `latest_facts` reads what all shoppers of a shop did of late, `clock` is in seconds, `now` in
    Unix seconds. `counts` tells how often it was counted, or not.
    """

    def __init__(
        self,
        latest_facts: Callable[[str], Awaitable[Sequence[Row]]],
        clock: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._latest_facts = latest_facts
        self._clock = clock
        self._now = now
        self._found: Latest[str, Demand] = Latest(_MOST_SHOPS)
        self._reading: Latest[str, tuple[float, asyncio.Task[None]]] = Latest(_MOST_SHOPS)
        self._tasks = Tasks()

    async def of(self, shop: Shop) -> Demand:
        """Return what was in demand when it was counted last; where that is long ago, count.

        Only who asks before it was counted at all waits, for a moment.
        """
        due, reading = self._reading.get(shop.id, (-inf, None))
        if reading is None or self._clock() >= due:
            reading = self._tasks.start(self.read(shop), f"demand {shop.id}")
            self._reading[shop.id] = (self._clock() + FRESH, reading)
        if shop.id not in self._found:
            await asyncio.wait({reading}, timeout=_PATIENCE)
        return self._found.get(shop.id, NO_DEMAND)

    async def read(self, shop: Shop) -> None:
        """Count what is in demand; leave what was, where the database does not say."""
        try:
            rows = await self._latest_facts(shop.id)
        except StorageError:
            self.counts["failed"] += 1
            return
        today = day_of(self._now())
        facts = read_shoppers_facts(paced(rows))
        found = await asyncio.to_thread(count_demand, facts, today)
        self._found[shop.id] = found
        self.counts["counted"] += 1
