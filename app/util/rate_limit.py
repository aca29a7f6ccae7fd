"""A rate limiter: a burst, and then an even pace."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.util.latest import Latest

MAX_KEYS = 10_000


class Rate(NamedTuple):
    """So many at once; each is given back after so many seconds."""

    burst: int
    seconds: float


class RateLimiter:
    """Counts for each name by itself. Beyond the bound the longest unseen is forgotten."""

    def __init__(self, allowance: Rate, clock: Callable[[], float]) -> None:
        self._allowance = allowance
        self._clock = clock
        self._free_at: Latest[str, float] = Latest(MAX_KEYS)

    def acquire(self, name: str) -> float:
        """Take one; return 0, or how many seconds it is until there is one to take."""
        now = self._clock()
        burst, seconds = self._allowance
        # When the burst is whole again; at most a burst from now, if the clock was put back.
        whole_at = min(max(self._free_at.get(name, now), now), now + burst * seconds)
        wait = whole_at - now - (burst - 1) * seconds
        taken = wait <= 0
        self._free_at[name] = whole_at + seconds if taken else whole_at
        return 0.0 if taken else wait
