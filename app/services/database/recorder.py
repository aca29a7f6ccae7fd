"""Writes to the database later and together, so that no shopper waits for a record."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable
from typing import Protocol

from app.services.database.records import Generation, Sighting
from app.services.storage import StorageError

_MOST_WAITING = 5_000
_EVERY = 1.0


class Records(Protocol):
    """Where records go."""

    async def record(
        self, sightings: Iterable[Sighting], generations: Iterable[Generation]
    ) -> None: ...


class Recorder:
    """Gathers sightings and generations, the newest of each; beyond the bound the oldest go.

    `counts` says how many were dropped and how many writes failed.
    """

    def __init__(self, database: Records, every: float = _EVERY) -> None:
        self._every = every
        self.counts: Counter[str] = Counter()
        self._database = database
        self._sightings: OrderedDict[str, Sighting] = OrderedDict()
        self._generations: OrderedDict[str, Generation] = OrderedDict()

    def saw(self, sighting: Sighting) -> None:
        """Note that a shopper was here."""
        self._sightings[sighting.shopper_id] = sighting
        self._bound(self._sightings)

    def generated(self, generation: Generation) -> None:
        """Note how far the composing of a page has come."""
        self._generations[generation.id] = generation
        self._bound(self._generations)

    async def flush(self) -> None:
        """Write what is waiting; what cannot be written waits for the next time."""
        if not self._sightings and not self._generations:
            return
        sightings, self._sightings = self._sightings, OrderedDict()
        generations, self._generations = self._generations, OrderedDict()
        try:
            await self._database.record(sightings.values(), generations.values())
        except StorageError:
            self.counts["record_failed"] += 1
            self._sightings = OrderedDict({**sightings, **self._sightings})
            self._generations = OrderedDict({**generations, **self._generations})
            self._bound(self._sightings)
            self._bound(self._generations)

    async def run(self) -> None:
        """Flush again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.flush()

    def _bound(self, waiting: OrderedDict[str, Sighting] | OrderedDict[str, Generation]) -> None:
        while len(waiting) > _MOST_WAITING:
            waiting.popitem(last=False)
            self.counts["record_dropped"] += 1
