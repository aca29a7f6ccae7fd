"""HTTP/1.1 by hand: requests read from a stream, responses as the bytes that are sent."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

LAST_CHUNK = b"0\r\n\r\n"
LONGEST_HEAD = 64 * 1024
_LONGEST_BODY = 8 * 1024 * 1024


class NotHttp(Exception):
    """What came is not a request that can be read; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Return the next request of a connection, None where the client has closed it.

    Raises:
        NotHttp: it is malformed, too long, or its body has no Content-Length.
    """
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise NotHttp("the request broke off") from end
        return None
    except asyncio.LimitOverrunError as over:
        raise NotHttp("the request's head is too long") from over
    method, path, headers = _parse(head)
    size = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not size.isdecimal() or int(size) > _LONGEST_BODY:
        raise NotHttp("a body needs a Content-Length, of at most 8 MiB")
    try:
        return Request(method, path, headers, await reader.readexactly(int(size)))
    except asyncio.IncompleteReadError as end:
        raise NotHttp("the body broke off") from end


def _parse(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *rest = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise NotHttp("not a request line")
    pairs = (line.partition(":") for line in rest)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return words[0], words[1].partition("?")[0], headers


def chunk(data: bytes) -> bytes:
    """Return one chunk of a chunked body; `data` must not be empty."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream_head(request_id_header: str) -> bytes:
    """Return the head of a response that streams events."""
    return _head(
        200,
        {
            "Content-Type": "text/event-stream; charset=utf-8",
            "Cache-Control": "no-cache",
            request_id_header: "req_standin",
            "Transfer-Encoding": "chunked",
        },
    )


def response(status: int, body: bytes, more: Mapping[str, str] | None = None) -> bytes:
    """Return a whole response with a body of JSON."""
    own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return _head(status, {**own, **(more or {})}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    known = status in HTTPStatus.__members__.values()
    phrase = HTTPStatus(status).phrase if known else "Overloaded"
    lines = [f"HTTP/1.1 {status} {phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
