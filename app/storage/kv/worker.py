"""Workers KV through the Worker's binding: docs/bindings.md says what is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from app.storage.errors import InvalidPair
from app.storage.http import (
    BAD_REQUEST,
    NOT_FOUND,
    OK,
    TOO_LARGE,
    Answer,
    LazyHttpClient,
    Request,
)
from app.storage.kv.limits import check_pair


class WorkerKv:
    """Pairs with a time to live, kept by the Worker. Every method may raise StorageError."""

    def __init__(self, http: LazyHttpClient, base: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._base = base
        self._headers = headers

    async def open(self) -> None:
        """Open nothing ahead."""

    async def close(self) -> None:
        """Close nothing: nothing is held open."""

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        answer = await self._request("GET", key)
        if answer.status == NOT_FOUND:
            return None
        if answer.status != OK:
            raise answer.failure()
        return answer.body

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        check_pair(key, value, ttl)
        answer = await self._request("PUT", key, value, f"?ttl={ttl}")
        if answer.status in (BAD_REQUEST, TOO_LARGE):
            raise InvalidPair(f"kv binding: HTTP {answer.status}")
        if not answer.is_good:
            raise answer.failure()

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        answer = await self._request("DELETE", key)
        if not answer.is_good and answer.status != NOT_FOUND:
            raise answer.failure()

    async def _request(
        self, method: str, key: str, value: bytes | None = None, query: str = ""
    ) -> Answer:
        url = f"{self._base}/{quote(key, safe='')}{query}"
        request = Request(method, url, "kv binding", value, self._headers, method == "GET")
        return await self._http.send(request)
