"""How often somebody may do something, and how much at once: counted by all processes together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from app.storage.errors import StorageError
from app.storage.patience import Patience
from app.util.rate_limit import Rate, RateLimiter
from app.util.tasks import Tasks

if TYPE_CHECKING:
    from app.storage.redis_rates import RedisRates


class SharedLimiter:
    """A rate limiter that processes share under a name; while they cannot, each has its own."""

    def __init__(
        self, name: str, rate: Rate, clock: Callable[[], float], shared: RedisRates | None = None
    ) -> None:
        self._name = name
        self._rate = rate
        self._own = RateLimiter(rate, clock)
        self._shared = shared

    async def acquire(self, name: str) -> float:
        """Take one; return 0, or how many seconds it is until there is one to take."""
        try:
            if self._shared is not None:
                return await self._shared.acquire(f"{self._name}:{name}", self._rate)
        except StorageError:
            pass
        return self._own.acquire(name)


class Places:
    """Places for `most` of each name, which processes share; while they cannot, each has its own.

    Whoever has not left after so many `seconds` is taken to have. Who enters waits with `patience`.
    """

    def __init__(
        self, most: int, seconds: float, shared: RedisRates | None, patience: Patience
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._shared = shared
        self._patience = patience
        self._own: Counter[str] = Counter()
        self._leaving = Tasks()

    async def enter(self, name: str, holder: str) -> bool:
        """Take a place, to be left again; False where none is left."""
        if not name:
            return True
        if self._own[name] >= self._most:
            return False
        self._own[name] += 1
        entered = self._shared is None
        try:
            if self._shared is not None:
                enter = partial(self._shared.enter, name, holder, self._most, self._seconds)
                entered = await self._patience.read(enter)
        except StorageError:
            entered = True
        finally:
            if not entered:
                self._give_back(name)
        return entered

    def leave(self, name: str, holder: str) -> None:
        """Give a place back; nobody waits for that to be known elsewhere."""
        if not name:
            return
        self._give_back(name)
        if self._shared is not None:
            self._leaving.start(self._leave(self._shared, name, holder), "leave")

    async def _leave(self, shared: RedisRates, name: str, holder: str) -> None:
        with suppress(StorageError):
            await shared.leave(name, holder)

    def _give_back(self, name: str) -> None:
        self._own[name] -= 1
        if not self._own[name]:
            del self._own[name]
