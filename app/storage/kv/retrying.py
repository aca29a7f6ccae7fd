"""Writes to KV at the rate it allows, with three attempts; every failure is counted.

What cannot be written is kept in memory for its time, so that nobody pays for it twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from math import inf

from app.storage.errors import InvalidPair, StorageError
from app.storage.kv.limits import MIN_TTL
from app.storage.patience import Patience
from app.storage.ports import Kv
from app.util.latest import Latest

log = logging.getLogger("wandstore.storage")

ATTEMPTS = 3
LONGEST_PAUSE = 10.0
"""Seconds we wait at most where we are asked to wait."""

BETWEEN_WRITES = 1.0
"""Seconds between two writes of a key that Workers KV asks for."""

_LONGEST_READ = 2.0
_NOTHING = (b"", -inf)
_MOST_REMEMBERED = 10_000
UNWRITTEN = 16 * 1024 * 1024
"""Bytes of values that KV did not take, kept in memory; beyond it the oldest go."""


@dataclass(slots=True, eq=False, repr=False)
class _Write:
    """A write that waits for its key's turn, or is under way."""

    value: bytes
    ttl: int
    begun: bool = False
    dropped: bool = False
    done: asyncio.Task[bool] = field(init=False)


def pause_before(attempt: int, first: float, retry_after: float) -> float:
    """Return how many seconds to wait before an attempt: longer each time, or as we were asked."""
    return max(first * (1 << (attempt - 1)), min(retry_after, LONGEST_PAUSE))


class RetryingKv:
    """Writes to another KV within its limits. `counts` says how often what went wrong."""

    def __init__(
        self,
        inner: Kv,
        clock: Callable[[], float],
        pause: float = 1.0,
        patience: Patience | None = None,
        *,
        between_writes: float = BETWEEN_WRITES,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._patience = patience or Patience(_LONGEST_READ, clock)
        self._inner = inner
        self._clock = clock
        self._pause = pause
        self._between_writes = between_writes
        self._next_write: Latest[str, float] = Latest(_MOST_REMEMBERED)
        self._last: dict[str, _Write] = {}
        self._unread: Latest[str, None] = Latest(_MOST_REMEMBERED)
        self._unwritten: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._unwritten_bytes = 0
        self._is_failing = False

    def is_unread(self, key: str) -> bool:
        """Say whether a value may be there that could not be read when it was last looked for."""
        return key in self._unread

    async def get(self, key: str, *, soon: bool = False) -> bytes | None:
        """Return the value, that of a write under way included.

        A KV that cannot be read is counted and holds nothing; nor does one, `soon`, whose value
        does not come while a page can wait for it.
        """
        ask = partial(self._inner.get, key)
        write = self._last.get(key)
        if write is not None and write.begun and not write.dropped:
            return write.value
        unwritten, until = self._unwritten.get(key, _NOTHING)
        held = unwritten if until > self._clock() else None
        if held is not None and key not in self._unread:
            return held
        try:
            value = await (self._patience.read(ask) if soon else ask())
            self._unread.pop(key, None)
        except StorageError:
            self.counts["kv_read_failed"] += 1
            self._unread[key] = value = None
        if value is None and (write := self._last.get(key)) and not write.dropped:
            return write.value  # it came while we looked
        if value is None:
            return held
        self._forget(key)
        return value

    async def put(self, key: str, value: bytes, ttl: int, *, makeshift: bool = False) -> bool:
        """Keep a value, waiting for the key's next turn; of those who wait the last one counts.

        False where every attempt failed or KV would never take it: then it is kept in memory, as is
        one that is `makeshift` and may be in place of a better one that could not be read. Who
        stops waiting does not take the value along.
        """
        if makeshift and key not in self._last and key in self._unread:
            self._remember(key, value, ttl)
            return False
        return await asyncio.shield(self._begin(key, value, ttl))

    def _begin(self, key: str, value: bytes, ttl: int) -> asyncio.Task[bool]:
        write = self._last.get(key)
        if write is None or write.begun:
            before, write = write, _Write(value, ttl)
            self._last[key] = write
            write.done = asyncio.create_task(self._in_turn(key, write, before))
        else:
            write.value, write.ttl = value, ttl
        return write.done

    async def check(self) -> None:
        """Write the latest that could not be written, if something could not; then the others.

        Raises:
            StorageError: it still cannot be.
        """
        if waiting := self._waiting():
            with suppress(InvalidPair):
                await self._inner.put(*waiting)
                self._is_failing = False
                self._forget(waiting[0])
                self._catch_up()

    def _waiting(self) -> tuple[str, bytes, int] | None:
        """Return the latest pair that could not be written and may be, with its time to live."""
        for key in reversed(self._unwritten):
            value, until = self._unwritten[key]
            seconds = int(until - self._clock())
            if seconds >= MIN_TTL and key not in self._unread and key not in self._last:
                return key, value, seconds
        return None

    def _catch_up(self) -> None:
        """Write what could not be written, one after the other: KV takes something again."""
        if waiting := self._waiting():
            self._begin(*waiting)

    async def delete(self, key: str) -> None:
        """Forget a pair, and the value that waits to take its place."""
        write = self._last.get(key)
        if write is not None:
            write.dropped = True
            await asyncio.wait({write.done})
        self._forget(key)
        await self._inner.delete(key)

    def drop(self, prefix: str) -> None:
        """Hold nothing in memory whose key begins so, and write none of it later."""
        for key, write in self._last.items():
            write.dropped = write.dropped or key.startswith(prefix)
        for key in [key for key in self._unwritten if key.startswith(prefix)]:
            self._forget(key)

    async def _in_turn(self, key: str, write: _Write, before: _Write | None) -> bool:
        """Write when the key's last write has ended and its pause has passed."""
        try:
            if before is not None:
                await asyncio.wait({before.done})
            pause = self._next_write.get(key, 0.0) - self._clock()
            if pause > 0:
                await asyncio.sleep(pause)
            write.begun = True
            written = await self._attempts(key, write)
            if written:
                self._forget(key)
                self._catch_up()
            else:
                self.counts["kv_write_failed"] += 1
                self._remember(key, write.value, write.ttl)
            return written
        finally:
            if self._last.get(key) is write:
                del self._last[key]

    async def _attempts(self, key: str, write: _Write) -> bool:
        retry_after, last = 0.0, StorageError("not written")
        for attempt in range(ATTEMPTS):
            if attempt:
                self.counts["kv_write_retried"] += 1
                await asyncio.sleep(pause_before(attempt, self._pause, retry_after))
            if write.dropped:
                return True
            try:
                await self._inner.put(key, write.value, write.ttl)
            except StorageError as error:
                retry_after, last = error.retry_after or 0.0, error
            except InvalidPair:
                return False
            else:
                self._is_failing = False
                return True
            finally:
                self._next_write[key] = self._clock() + self._between_writes
        if not self._is_failing:  # said once, until something can be written again
            log.warning({"event": "kv_not_written", "reason": str(last)})
        self._is_failing = True
        return False

    def _remember(self, key: str, value: bytes, ttl: int) -> None:
        self._forget(key)
        self._unwritten[key] = (value, self._clock() + ttl)
        self._unwritten_bytes += len(value)
        while self._unwritten_bytes > UNWRITTEN:
            self._forget(next(iter(self._unwritten)))

    def _forget(self, key: str) -> None:
        value, _ = self._unwritten.pop(key, _NOTHING)
        self._unwritten_bytes -= len(value)
