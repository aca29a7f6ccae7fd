"""An HTTP client for remote storage: imported late, bounded in time and size."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from math import isnan
from typing import TYPE_CHECKING, Any, NamedTuple

from app.storage.errors import NO_ANSWER, StorageError
from app.util.lazy import Lazy

if TYPE_CHECKING:
    import httpx

BAD_REQUEST = 400
NOT_FOUND = 404
TOO_LARGE = 413
TOO_MANY = 429

_CONNECT = 2.0
_SILENCE = 5.0
_WRITE, _READ = 10.0, 2.0
_REST = 5.0
_MOST_CONNECTIONS = 32
_LARGEST_ANSWER = 32 * 1024 * 1024


class Answer(NamedTuple):
    """A whole response. `where` names whom was asked, for messages."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    where: str

    def failure(self) -> StorageError:
        """Return the error that this answer is; its body is the other side's and not repeated."""
        after = retry_after(self.headers.get("retry-after", ""))
        reason = f"HTTP {self.status}"
        return StorageError(f"{self.where}: {reason}", after, reason)

    def good(self) -> Answer:
        """Return the answer to what was done.

        Raises:
            StorageError: it was not.
        """
        if not 200 <= self.status < 300:  # noqa: PLR2004 - the good statuses
            raise self.failure()
        return self

    def json(self) -> Any:
        """Read the body.

        Raises:
            StorageError: it is not JSON.
        """
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise StorageError(f"{self.where}: not JSON") from None


class LazyHttpClient:
    """An HTTP client that is loaded when it is first needed.

    With `inside` it speaks to the container's own network and follows no proxy. Certificates are
    loaded where it is `secure` alone. Whoever did not answer is not asked to read for some seconds:
    waiting in vain once is enough.
    """

    def __init__(self, *, inside: bool, secure: bool = True) -> None:
        self.load = Lazy(partial(_client, inside=inside, secure=secure))
        self._silent_until: dict[str, float] = {}

    async def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        where: str,
        headers: Mapping[str, str],
        reads: bool,
    ) -> Answer:
        """Ask, and return the whole answer whatever its status.

        `where` names whom, for messages: addresses may hold keys. A shopper may be waiting for what
        `reads`.

        Raises:
            StorageError: there is no answer in time, or it is too large.
        """
        if reads and time.monotonic() < self._silent_until.get(where, 0.0):
            raise StorageError(f"{where}: did not answer a moment ago", reason=NO_ANSWER)
        client = self.load.made
        if client is None:
            client = await asyncio.to_thread(self.load)
        import httpx  # noqa: PLC0415 - loaded by now

        try:
            async with (
                asyncio.timeout(_READ if reads else _WRITE),
                client.stream(method, url, content=body, headers=headers) as response,
            ):
                content = bytearray()
                async for piece in response.aiter_bytes():
                    content += piece
                    if len(content) > _LARGEST_ANSWER:
                        raise StorageError(f"{where}: an answer beyond all bounds")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            self._silent_until[where] = time.monotonic() + _REST
            name = type(error).__name__
            raise StorageError(f"{where}: {name}", reason=name) from error
        self._silent_until.pop(where, None)
        return Answer(response.status_code, response.headers, bytes(content), where)

    async def aclose(self) -> None:
        """Close the client."""
        if self.load.made is not None:
            await self.load.made.aclose()


def retry_after(text: str) -> float | None:
    """Read `Retry-After`, in seconds or as a date; None where it says nothing useful."""
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if isnan(seconds) else max(seconds, 0.0)


def _client(*, inside: bool, secure: bool) -> httpx.AsyncClient:
    import ssl  # noqa: PLC0415 - loaded when first needed

    import httpx  # noqa: PLC0415 - likewise

    # Loading certificates takes 35 ms and 3 MB; without them no https server is trusted.
    verify = True if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    limits = httpx.Limits(max_connections=_MOST_CONNECTIONS)
    timeout = httpx.Timeout(_SILENCE, connect=_CONNECT)
    return take_no_cookies(
        httpx.AsyncClient(verify=verify, limits=limits, timeout=timeout, trust_env=not inside)
    )


def take_no_cookies(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Have a client keep no cookies: one that is not ASCII would fail every request after it."""
    from http.cookiejar import DefaultCookiePolicy  # noqa: PLC0415 - loaded when first needed

    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
    return client
