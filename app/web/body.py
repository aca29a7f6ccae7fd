"""Reads a request's body: up to a size, and for so long."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

_PATIENCE = 10.0


class BadBody(Exception):
    """A body cannot be read; `status` is what to answer."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


async def read_body(receive: Receive, most: int) -> bytes:
    """Return the whole body.

    Raises:
        BadBody: it is larger than `most` bytes, comes too slowly, or breaks off.
    """
    try:
        async with asyncio.timeout(_PATIENCE):
            return await _all(receive, most)
    except TimeoutError:
        raise BadBody(408, "TIMEOUT") from None


async def _all(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadBody(400, "BROKEN_OFF")
        body += message.get("body", b"")
        if len(body) > most:
            raise BadBody(413, "TOO_LARGE")
        if not message.get("more_body", False):
            return bytes(body)
