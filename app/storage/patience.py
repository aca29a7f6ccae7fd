"""Bounds how long a page waits for storage: once in vain, then not again for a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeVar

from app.storage.errors import NO_ANSWER, StorageError
from app.util.breaker import Breaker, BreakerLimits

Result = TypeVar("Result")

REST = 1.0
"""Seconds for which nothing is waited for once something did not come in time."""

_GRACE, _ROUNDS = 0.005, 5


@asynccontextmanager
async def in_time(seconds: float, grace: float) -> AsyncIterator[None]:
    """Have the block end in time, or raise TimeoutError.

    The event loop, which may be late itself, then gets `grace` seconds to hand over what has come,
    and some rounds of its own, however long they take.
    """
    loop = asyncio.get_running_loop()
    late: asyncio.TimerHandle

    def expire(rounds: int) -> None:
        nonlocal late
        if rounds:
            late = loop.call_later(grace / _ROUNDS, expire, rounds - 1)
        else:
            limit.reschedule(0)

    async with asyncio.timeout(None) as limit:
        late = loop.call_later(seconds, expire, _ROUNDS)
        try:
            yield
        finally:
            late.cancel()


class Patience:
    """Waits for reads, for `seconds` at most.

    Whoever reads from the same disk or place shares one: a page that waits in vain for the first
    of its reads does not wait for the others.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._over_until = 0.0

    @property
    def is_over(self) -> bool:
        """Whether something did not come in time a moment ago."""
        return self._clock() < self._over_until

    async def read(self, ask: Callable[[], Awaitable[Result]]) -> Result:
        """Return what is asked for.

        Raises:
            StorageError: it does not come in time, or something else did not a moment ago.
        """
        if self.is_over:
            raise StorageError("not read: something else did not come in time")
        try:
            async with in_time(self._seconds, _GRACE):
                return await ask()
        except TimeoutError:
            self._over_until = self._clock() + REST
            raise StorageError("not read in time") from None


class Rest:
    """Leaves a server alone for a second that has not answered twice in a row, then asks it once.

    One that refuses has answered: it is asked again at once.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._breaker = Breaker(time.monotonic, BreakerLimits(2, REST, 1))

    @contextmanager
    def unless_silent(self) -> Iterator[None]:
        """Judge the server by what becomes of the block, where TimeoutError is no answer.

        Raises:
            StorageError: it has not answered, or is left alone.
        """
        permit = self._breaker.admit()
        if permit is None:
            raise StorageError(f"{self._name}: did not answer a moment ago", reason=NO_ANSWER)
        try:
            yield
        except TimeoutError:
            self._breaker.failed(permit)
            raise StorageError(f"{self._name}: TimeoutError", reason=NO_ANSWER) from None
        except asyncio.CancelledError:
            self._breaker.given_up(permit)
            raise
        except BaseException:
            self._breaker.succeeded(permit)
            raise
        self._breaker.succeeded(permit)
