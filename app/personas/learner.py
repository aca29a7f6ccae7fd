"""Stores what a shopper did and classifies them anew."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakValueDictionary

from app.domain.catalog import Shop
from app.domain.facts import Fact, ReportedEvent, day_of
from app.domain.page import Refusal
from app.domain.persona import NEWCOMER, Persona
from app.personas.facts import prices_of, to_fact
from app.personas.key import persona_hash
from app.personas.rules import classify
from app.storage.db.rows import Visited, stamp
from app.storage.errors import StorageError
from app.storage.ports import FactStore
from app.storage.rates import SharedLimiter
from app.util.rate_limit import Rate

if TYPE_CHECKING:
    from app.storage.redis_rates import RedisRates

_MOST_AT_ONCE = 64
_NEWCOMERS = persona_hash(NEWCOMER)

PREFETCH_RATE = Rate(burst=5, seconds=60.0)
"""Pages composed ahead for one shopper: whoever changes faster waits for the next visit."""


class TooBusy(Exception):
    """As many shoppers' behaviour is being noted as may be at once."""


class Learned(NamedTuple):
    """The persona as it is judged now, and whether its page should be composed ahead."""

    persona: Persona
    prefetch: bool


class PersonaLearner:
    """Notes what shoppers do. `counts` has what was noted, and what was passed over."""

    def __init__(
        self, store: FactStore, now: Callable[[], float], rates: RedisRates | None = None
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._store = store
        self._prefetches = SharedLimiter("prefetch", PREFETCH_RATE, now, rates)
        self._now = now
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way = 0

    async def learn(
        self,
        shopper_id: str,
        shop: Shop,
        events: Sequence[ReportedEvent],
        origins: Mapping[str, str] = MappingProxyType({}),
    ) -> Learned | Refusal:
        """Note what a shopper did and judge them anew; refuse where nothing of it is ours.

        `origins` says of products of their basket where they were shown.

        Raises:
            TooBusy: it has to be reported later.
            StorageError: it could not be noted.
        """
        facts = self._facts(shop, events, origins)
        if isinstance(facts, Refusal):
            return facts
        if self._under_way >= _MOST_AT_ONCE:
            self.counts["too_busy"] += 1
            raise TooBusy
        self._under_way += 1
        try:
            return await self._judged(shopper_id, shop, facts)
        finally:
            self._under_way -= 1

    def _facts(
        self, shop: Shop, events: Sequence[ReportedEvent], origins: Mapping[str, str]
    ) -> list[Fact] | Refusal:
        """Return what the catalog bears out of it; the first refusal where that is nothing."""
        prices = prices_of(shop)
        day = day_of(self._now())
        found = [to_fact(item, shop, prices, day, origins=origins) for item in events]
        refused = [item for item in found if isinstance(item, Refusal)]
        self.counts.update(item.code.lower() for item in refused)
        facts = [item for item in found if not isinstance(item, Refusal)]
        self.counts.update(f"noted_{fact.kind}" for fact in facts)
        return facts or next(iter(refused), Refusal("UNKNOWN_SLOT"))

    async def _judged(self, shopper_id: str, shop: Shop, facts: Sequence[Fact]) -> Learned:
        """Note facts and judge by all that is known. One shopper at a time."""
        visited = Visited(shopper_id, shop.id, stamp(self._now()))
        turn = self._turns.setdefault(shopper_id, asyncio.Lock())
        async with turn:
            history = await self._store.add_facts(visited, facts)
            persona = classify(history.facts)
            judged = persona_hash(persona)
            changed = judged != (history.persona_hash or _NEWCOMERS)
            if changed:
                try:
                    await self._store.set_persona(visited, persona, judged, history.last_fact_id)
                except StorageError:  # what was noted is: told again, it would count twice
                    self.counts["persona_not_stored"] += 1
        prefetch = changed and not await self._prefetches.acquire(shopper_id)
        return Learned(persona, prefetch)
