"""Workers KV as one place sees it: late news, remembered misses, a write a second for each key."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

REMEMBERED = 60.0
"""Seconds a place goes on seeing what it has seen, a miss included."""


class Pair(NamedTuple):
    value: bytes
    ttl: int
    expires: float


class WorkersKv:
    """`pairs` is what is written; what a read gives may be older."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.pairs: dict[str, Pair] = {}
        self._clock = clock
        self._seen: dict[str, tuple[float, bytes | None]] = {}
        self._written: dict[str, float] = {}

    def get(self, key: str) -> bytes | None:
        now = self._clock()
        until, value = self._seen.get(key, (0.0, None))
        if now < until:
            return value
        pair = self.pairs.get(key)
        value = pair.value if pair and pair.expires > now else None
        self._seen[key] = (now + REMEMBERED, value)
        return value

    def put(self, key: str, value: bytes, ttl: int) -> int:
        """Write a pair; return the HTTP status that says how it went."""
        if not 0 < len(key.encode()) <= 512 or key in (".", "..") or ttl < 60:
            return 400
        if len(value) > 25 * 1024 * 1024:
            return 413
        now = self._clock()
        if now - self._written.get(key, -1.0) < 1.0:
            return 429
        self._written[key] = now
        self.pairs[key] = Pair(value, ttl, now + ttl)
        return 204

    def delete(self, key: str) -> None:
        self.pairs.pop(key, None)

    def values(self) -> Mapping[str, bytes]:
        return {key: pair.value for key, pair in self.pairs.items()}
