"""How KV is written: at most once a second a key, three attempts, no failure lost in silence."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from app.services.kv.sqlite import KvRefused
from app.services.sqlite import StorageError

ATTEMPTS = 3
FIRST_PAUSE = 0.25
BETWEEN_WRITES = 1.0
_MOST_REMEMBERED = 10_000


class Kv(Protocol):
    """Pairs with a time to live, wherever they are kept."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl: int) -> None: ...

    async def delete(self, key: str) -> None: ...


class KvWriteFailed(Exception):
    """A value could not be kept, after all attempts."""


@dataclass(slots=True)
class _Waiting:
    """The value that is written when the key's turn comes."""

    value: bytes
    ttl: int
    written: asyncio.Future[None] = field(init=False)


class CarefulKv:
    """Writes to another KV within its limits. `counts` says how often what went wrong."""

    def __init__(self, inner: Kv, clock: Callable[[], float], pause: float = FIRST_PAUSE) -> None:
        self.counts: Counter[str] = Counter()
        self._inner = inner
        self._clock = clock
        self._pause = pause
        self._next_write: OrderedDict[str, float] = OrderedDict()
        self._waiting: dict[str, _Waiting] = {}

    async def get(self, key: str) -> bytes | None:
        """Return the value; a KV that cannot be read is counted and holds nothing."""
        try:
            return await self._inner.get(key)
        except StorageError:
            self.counts["kv_read_failed"] += 1
            return None

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value, waiting for the key's next turn; of those who wait the last one counts.

        Raises:
            KvWriteFailed: every attempt failed, or the value is too large.
        """
        waiting = self._waiting.get(key)
        if waiting is not None:
            waiting.value, waiting.ttl = value, ttl
            return await asyncio.shield(waiting.written)
        turn = self._turn(key)
        if turn <= self._clock():
            return await self._write(key, value, ttl)
        waiting = self._waiting[key] = _Waiting(value, ttl)
        waiting.written = asyncio.ensure_future(self._write_later(key, turn))
        return await asyncio.shield(waiting.written)

    async def _write_later(self, key: str, turn: float) -> None:
        await asyncio.sleep(turn - self._clock())
        waiting = self._waiting.pop(key)
        await self._write(key, waiting.value, waiting.ttl)

    async def _write(self, key: str, value: bytes, ttl: int) -> None:
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._pause * 2 ** (attempt - 1))
            try:
                return await self._inner.put(key, value, ttl)
            except StorageError:
                self.counts["kv_write_retried"] += 1
            except KvRefused as refusal:
                self.counts["kv_write_failed"] += 1
                raise KvWriteFailed(str(refusal)) from refusal
        self.counts["kv_write_failed"] += 1
        raise KvWriteFailed(f"{ATTEMPTS} attempts failed")

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        await self._inner.delete(key)

    def _turn(self, key: str) -> float:
        """Take the key's next free second."""
        now = self._clock()
        turn = max(now, self._next_write.pop(key, 0.0))
        self._next_write[key] = turn + BETWEEN_WRITES
        while len(self._next_write) > _MOST_REMEMBERED:
            self._next_write.popitem(last=False)
        return turn
