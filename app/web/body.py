"""Reads a request's body: up to a size, for so long, and only so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive, Scope

TIMEOUT = 10.0
"""Seconds."""

_TOO_LARGE = 413
_TOO_MANY = 429


class Rejected(Exception):
    """A request is not taken: with this status and code; the message says why, and quotes nothing.

    `field` is where in its body; it may come again after `wait` seconds.
    """

    def __init__(
        self, status: int, code: str, why: str, field: str = "", *, wait: float = 0.0
    ) -> None:
        super().__init__(why)
        self.status = status
        self.code = code
        self.field = field
        self.wait = wait


class BodyReader:
    """Reads bodies of at most `most` bytes, of which at most `together` are in hand at once."""

    def __init__(self, most: int, together: int) -> None:
        self._most = most
        self._left = together

    @contextmanager
    def room(self, scope: Scope) -> Iterator[None]:
        """Hold room for as much as the request declares, until its body has been dealt with.

        Raises:
            Rejected: it declares more than a body may have, or there is no room just now.
        """
        declared = _declared_length(scope)
        size = self._most if declared is None else declared
        if size > self._most:
            raise self._too_large()
        if size > self._left:
            raise Rejected(_TOO_MANY, "RATE_LIMITED", "too many requests just now", wait=5)
        self._left -= size
        try:
            yield
        finally:
            self._left += size

    async def read(self, receive: Receive) -> bytes:
        """Return the whole body.

        Raises:
            Rejected: it is larger than it may be, comes too slowly, or breaks off.
        """
        try:
            async with asyncio.timeout(TIMEOUT):
                return await self._all(receive)
        except TimeoutError:
            raise Rejected(408, "TIMEOUT", "the body did not come in time") from None

    async def _all(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Rejected(400, "BROKEN_OFF", "the body broke off")
            body += message.get("body", b"")
            if len(body) > self._most:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Rejected:
        return Rejected(_TOO_LARGE, "TOO_LARGE", f"a body has at most {self._most} bytes")


def _declared_length(scope: Scope) -> int | None:
    """Return the length a request declares, None where its body comes in chunks."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value)
        if name == b"transfer-encoding":
            return None
    return 0
