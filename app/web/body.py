"""Reads a request's body: up to a size, and for so long."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

TIMEOUT = 10.0
"""Seconds."""


class BadBody(Exception):
    """A body cannot be read; `status` is what to answer, and the message says why."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.code = code


async def read_body(receive: Receive, most: int) -> bytes:
    """Return the whole body.

    Raises:
        BadBody: it is larger than `most` bytes, comes too slowly, or breaks off.
    """
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _all(receive, most)
    except TimeoutError:
        raise BadBody(408, "TIMEOUT", "the body did not come in time") from None


async def _all(receive: Receive, most: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadBody(400, "BROKEN_OFF", "the body broke off")
        body += message.get("body", b"")
        if len(body) > most:
            raise BadBody(413, "TOO_LARGE", f"a body has at most {most} bytes")
        if not message.get("more_body", False):
            return bytes(body)
