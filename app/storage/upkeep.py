"""Deletes what has expired from files and tables, a little at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

from app.storage.errors import StorageError

Slice = Callable[[], Awaitable[int]]
"""Removes a little and returns how much that was: 0 where there is nothing more."""


class Upkeep:
    """Runs slices every so many seconds, each until it finds nothing more.

    Between two slices it rests for as long as the last one took, or for `pause` seconds: whoever
    writes meanwhile waits for one slice at most. `counts` says how much went, by the slices' names.
    """

    def __init__(self, slices: Mapping[str, Slice], every: float, pause: float = 0.0) -> None:
        self.counts: Counter[str] = Counter()
        self._slices = slices
        self._every = every
        self._pause = pause

    async def run(self) -> None:
        """Work again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            await self.work()

    async def work(self) -> None:
        """Run each of the slices until there is nothing left for it to do."""
        clock = asyncio.get_running_loop().time
        for name, remove in self._slices.items():
            began = clock()
            try:
                while removed := await remove():
                    self.counts[name] += removed
                    await asyncio.sleep(max(self._pause, clock() - began))
                    began = clock()
            except StorageError:
                self.counts[f"{name}_failed"] += 1
