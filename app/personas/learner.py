"""What shoppers do, made into what is known of them: noted, judged, and the page made ready."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol
from weakref import WeakValueDictionary

from app.domain.catalog import Shop
from app.domain.facts import Fact, ReportedEvent
from app.domain.page import Refusal
from app.domain.persona import NEWCOMER, Persona
from app.pages.service import Visit
from app.personas.facts import Prices, prices_of, to_fact
from app.personas.key import persona_hash
from app.personas.rules import classify
from app.storage.db.rows import ShopperHistory, Visited
from app.util.rate_limit import Rate, RateLimiter

_MOST_AT_ONCE = 64
_REFRESHES = Rate(burst=5, seconds=60.0)
"""Pages composed ahead for one shopper: whoever changes faster waits for the next visit."""

_NEWCOMERS = persona_hash(NEWCOMER)
_SECONDS_A_DAY = 86_400


class Notes(Protocol):
    """Where behaviour is kept. Every method may raise StorageError."""

    async def add_facts(self, sighting: Visited, facts: Sequence[Fact]) -> ShopperHistory: ...

    async def set_persona(
        self, sighting: Visited, persona: Persona, persona_hash: str, last_fact_id: int
    ) -> None: ...


class Front(Protocol):
    """Who composes pages for shoppers."""

    async def prefetch(self, visit: Visit, persona: Persona, *, may_compose: bool) -> str: ...


class TooBusy(Exception):
    """As many shoppers' behaviour is being noted as may be at once."""


class PersonaLearner:
    """Notes what shoppers do. `counts` has what was passed over, and what came of it."""

    def __init__(self, notes: Notes, front: Front, now: Callable[[], float]) -> None:
        self._refreshes = RateLimiter(_REFRESHES, now)
        self.counts: Counter[str] = Counter()
        self._notes = notes
        self._front = front
        self._now = now
        self._prices: dict[tuple[str, str], Prices] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._under_way = 0

    async def learn(self, visit: Visit, told: Sequence[ReportedEvent]) -> Refusal | None:
        """Note what a shopper did and judge them anew; refuse where nothing of it is ours.

        Raises:
            TooBusy: it has to be told later.
            StorageError: it could not be noted.
        """
        facts = self._witnessed(visit.shop_view.shop, told)
        if isinstance(facts, Refusal):
            return facts
        if self._under_way >= _MOST_AT_ONCE:
            self.counts["too_busy"] += 1
            raise TooBusy
        self._under_way += 1
        try:
            persona, changed = await self._judged(visit.shopper_id, visit.shop_view.shop, facts)
        finally:
            self._under_way -= 1
        may_compose = changed and not self._refreshes.acquire(visit.shopper_id)
        came = await self._front.prefetch(visit, persona, may_compose=may_compose)
        self.counts[f"page_{came}"] += 1
        return None

    def _witnessed(self, shop: Shop, told: Sequence[ReportedEvent]) -> list[Fact] | Refusal:
        """Return what the catalog bears out of it; the first refusal where that is nothing."""
        place = (shop.id, shop.digest)
        if place not in self._prices:
            self._prices[place] = prices_of(shop)
        day = int(self._now() // _SECONDS_A_DAY)
        found = [to_fact(item, shop, self._prices[place], day) for item in told]
        refused = [item for item in found if isinstance(item, Refusal)]
        self.counts.update(item.code.lower() for item in refused)
        facts = [item for item in found if not isinstance(item, Refusal)]
        self.counts.update(f"noted_{fact.kind}" for fact in facts)
        return facts or refused[0]

    async def _judged(
        self, shopper_id: str, shop: Shop, facts: Sequence[Fact]
    ) -> tuple[Persona, bool]:
        """Note facts; return the persona, and whether it is another. One shopper at a time."""
        at = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        sighting = Visited(shopper_id, shop.id, at)
        turn = self._turns.setdefault(shopper_id, asyncio.Lock())
        async with turn:
            known = await self._notes.add_facts(sighting, facts)
            persona = classify(known.facts)
            judged = persona_hash(persona)
            changed = judged != (known.persona_hash or _NEWCOMERS)
            if changed:
                await self._notes.set_persona(sighting, persona, judged, known.last_fact_id)
        return persona, changed
