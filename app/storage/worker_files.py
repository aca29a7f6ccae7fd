"""What the Worker serves by itself, as it is to be now: docs/bindings.md says what is spoken."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from app.storage.errors import InvalidPair, StorageError
from app.storage.http import TOO_LARGE, Answer, LazyHttpClient, Request


class WorkerFiles:
    """Files at the edge, by their keys. Both methods may raise StorageError."""

    def __init__(self, http: LazyHttpClient, base: str, headers: Mapping[str, str]) -> None:
        self._http = http
        self._base = base
        self._headers = headers

    async def known(self) -> tuple[str, dict[str, str]]:
        """Return the release that was published, and each file's key; a removed one has none."""
        payload = (await self._request("GET", "")).json()
        try:
            return str(payload["release"]), dict(payload["keys"])
        except (KeyError, TypeError, ValueError):
            raise StorageError("edge files: an answer of another form") from None

    async def put(self, name: str, key: str, data: bytes | None) -> None:
        """Have a file served from now on in the place of the one of its name, or none.

        Raises:
            InvalidPair: it is too large.
        """
        address = f"/{quote(name)}"
        if data is None:
            await self._request("DELETE", address)
        else:
            await self._request("PUT", f"{address}?key={key}", data)

    async def _request(self, method: str, address: str, data: bytes | None = None) -> Answer:
        url = f"{self._base}/files{address}"
        answer = await self._http.send(Request(method, url, "edge files", data, self._headers))
        if answer.status == TOO_LARGE:
            raise InvalidPair("edge files: HTTP 413")
        if not answer.is_good:
            raise answer.failure()
        return answer
