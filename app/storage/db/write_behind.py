"""Writes to the database later and together, so that no shopper waits for a record."""

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from app.storage.db.rows import Generation, Visited
from app.storage.errors import StorageError

log = logging.getLogger("wandstore.storage")

_MOST_WAITING = 5_000

Write = Callable[[Iterable[Visited], Iterable[Generation]], Awaitable[Sequence[str]]]
"""Keeps who was here and what was generated; returns keys of pages that nobody may have."""

Erase = Callable[[Iterable[str]], Awaitable[None]]
"""Erases the pages of these keys, wherever they are; StorageError where it cannot."""

Record = TypeVar("Record", Visited, Generation)


class Batching(NamedTuple):
    """Records are gathered for `seconds`, and `most` of each kind written together.

    Then `rounds` such batches are written at most; others who write come between them.
    """

    seconds: float = 1.0
    most: int = 100
    rounds: int = 50


class WriteBehind:
    """Gathers visits and generations, the newest of each; beyond the bound the oldest go.

    Pages composed for who has been erased meanwhile are taken to `erase`, by their keys.

    `counts` says how many were dropped, and how often writing began to fail.
    """

    def __init__(
        self, write: Write, batching: Batching = Batching(), erase: Erase | None = None
    ) -> None:
        self._erase = erase
        self._batching = batching
        self.counts: Counter[str] = Counter()
        self._write = write
        self._flushing = asyncio.Lock()
        self._failing = False
        self._visits: OrderedDict[str, Visited] = OrderedDict()
        self._generations: OrderedDict[str, Generation] = OrderedDict()

    def visited(self, visit: Visited) -> None:
        """Note that a shopper was here."""
        self._visits[visit.shopper_id] = visit
        self._bound(self._visits)

    def generation(self, generation: Generation) -> None:
        """Note how far the composing of a page has come."""
        self._generations[generation.id] = generation
        self._bound(self._generations)

    async def finish(self) -> None:
        """Write all that is waiting, as long as it can be written."""
        while await self.flush():
            pass

    async def flush(self) -> bool:
        """Write the oldest of what is waiting; say whether it was written and more is.

        What cannot be written waits for the next time, as does what was on its way when cancelled.
        """
        async with self._flushing:
            if not self._visits and not self._generations:
                return False
            visits, generations = self._taken(self._visits), self._taken(self._generations)
            try:
                pages = await self._write(visits.values(), generations.values())
                if self._erase is not None:
                    await self._erase(pages)
            except (StorageError, asyncio.CancelledError) as error:
                self._visits = OrderedDict({**visits, **self._visits})
                self._generations = OrderedDict({**generations, **self._generations})
                self._bound(self._visits)
                self._bound(self._generations)
                if isinstance(error, asyncio.CancelledError):
                    raise
                if not self._failing:
                    self.counts["record_failed"] += 1
                    log.warning({"event": "records_not_written", "reason": str(error)})
                self._failing = True
                return False
            self._failing = False
            return bool(self._visits or self._generations)

    def _taken(self, waiting: OrderedDict[str, Record]) -> OrderedDict[str, Record]:
        number = min(len(waiting), self._batching.most)
        return OrderedDict(waiting.popitem(last=False) for _ in range(number))

    async def run(self) -> None:
        """Flush again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._batching.seconds)
            for _ in range(self._batching.rounds):
                if not await self.flush():
                    break

    def _bound(self, waiting: OrderedDict[str, Record]) -> None:
        while len(waiting) > _MOST_WAITING:
            waiting.popitem(last=False)
            self.counts["record_dropped"] += 1
