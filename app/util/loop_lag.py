"""Measures how late the event loop is."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

EVERY = 0.1
"""Seconds between two looks."""

_LOOKS = 5


class LoopLag:
    """Is to look ten times a second. One late look is a hiccup: the latest five must all be late.

    Each look is handed to `observe`.
    """

    def __init__(self, clock: Callable[[], float], observe: Callable[[float], object]) -> None:
        self._clock = clock
        self._observe = observe
        self._last = math.inf
        self._looks: deque[float] = deque([0.0] * _LOOKS, _LOOKS)

    def seconds(self) -> float:
        """Return by how much each of the latest looks was late at least."""
        return min(self._looks)

    def look(self) -> None:
        """Note how late it is since the last look, beyond the time between two."""
        now = self._clock()
        late = max(0.0, now - self._last - EVERY)
        self._last = now
        self._looks.append(late)
        self._observe(late)
