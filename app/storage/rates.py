"""How often somebody may do something, wherever they do it: counted by all processes together."""

from __future__ import annotations

from collections.abc import Callable

from app.storage.errors import StorageError
from app.storage.ports import SharedRates
from app.util.rate_limit import Rate, RateLimiter


class SharedLimiter:
    """A rate limiter that processes share under a name; while they cannot, each has its own."""

    def __init__(
        self, name: str, rate: Rate, clock: Callable[[], float], shared: SharedRates | None = None
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
