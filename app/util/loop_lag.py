"""How late the event loop comes to what is due: what a process can take, measured and not set."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

_EVERY = 0.1
_LOOKS = 5


class LoopLag:
    """Looks ten times a second. One late look is a hiccup: all of the latest five must be late.

    Each look is handed to `observe`.
    """

    def __init__(self, clock: Callable[[], float], observe: Callable[[float], object]) -> None:
        self._clock = clock
        self._observe = observe
        self._looks: deque[float] = deque([0.0] * _LOOKS, _LOOKS)

    def seconds(self) -> float:
        """Return by how much each of the latest looks was late at least."""
        return min(self._looks)

    async def run(self) -> None:
        """Look, for as long as this runs."""
        while True:
            before = self._clock()
            await asyncio.sleep(_EVERY)
            late = max(0.0, self._clock() - before - _EVERY)
            self._looks.append(late)
            self._observe(late)
