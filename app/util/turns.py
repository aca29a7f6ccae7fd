"""What nobody waits for yet begins after what somebody waits for, and one piece at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

LONGEST = 0.5
"""Seconds for which others go first: work begins all the same where they never end."""

_AT_ONCE = 32
_PAUSE = 0.0002


def paced(items: Iterable[T]) -> Iterator[T]:
    """Yield items to a thread that computes, which steps aside for the event loop again and again.

    Otherwise the loop waits 5 ms for the interpreter's lock each time that it has something to do.
    """
    for at, item in enumerate(items, 1):
        if not at % _AT_ONCE:
            time.sleep(_PAUSE)
        yield item


class Turns:
    """Lets a crowd be answered before anything begins that was started for one of them."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._ahead = 0
        self._free = asyncio.Event()
        self._free.set()
        self._one = asyncio.Lock()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Go before whoever waits for a turn, for as long as the block lasts."""
        self._ahead += 1
        self._free.clear()
        try:
            yield
        finally:
            self._ahead -= 1
            if not self._ahead:
                self._free.set()

    async def turn(self) -> None:
        """Wait until nobody is ahead, and then until the event loop has looked for others."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._longest):
                await self._free.wait()
        async with self._one:
            await asyncio.sleep(0)
