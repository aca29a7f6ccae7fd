"""Workers KV through the Worker's binding."""

from __future__ import annotations

from urllib.parse import quote

from app.storage.errors import InvalidPair
from app.storage.http import BAD_REQUEST, NOT_FOUND, TOO_LARGE, WorkerBinding
from app.storage.kv.limits import check_pair


class WorkerKv(WorkerBinding):
    """Pairs with a time to live, kept by the Worker. Every method may raise StorageError."""

    where = "kv binding"

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        answer = await self._ask("GET", _place(key), reads=True)
        return None if answer.status == NOT_FOUND else answer.good().body

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        check_pair(key, value, ttl)
        answer = await self._ask("PUT", f"{_place(key)}?ttl={ttl}", value)
        if answer.status in (BAD_REQUEST, TOO_LARGE):
            raise InvalidPair(f"kv binding: HTTP {answer.status}")
        answer.good()

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        answer = await self._ask("DELETE", _place(key))
        if answer.status != NOT_FOUND:
            answer.good()


def _place(key: str) -> str:
    return f"/{quote(key, safe='')}"
