"""Uvicorn's request cycle, with a whole response written in one call to the system."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import starmap
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

_MOST_LINES = 1024


@lru_cache(_MOST_LINES)
def _line(name: bytes, value: bytes) -> bytes:
    """Return a header as it is written; most of them are sent again and again.

    Raises:
        RuntimeError: it would end its line, and begin another.
    """
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        raise RuntimeError("invalid header")
    return b"%b: %b\r\n" % (name, value)


class Cycle(RequestResponseCycle):
    """Answers a request; a response of known length in one write, where uvicorn needs two.

    Each is a call to the system, and a packet: a fifth of all that a kept page costs.
    """

    _head: tuple[Any, int] | None = None
    """How the response begins, and how long its body is, until that is there."""
    _ends_closed = False
    """Whether the end of the connection is that of the body: HTTP/1.0 knows no chunks."""

    async def send(self, message: Any) -> None:
        """Take the response, part by part; one that begins anew is uvicorn's, for an error."""
        head, self._head = self._head, None
        if message["type"] == "http.response.start":
            length = None if self.response_started else _length(message)
            if length is not None:
                self._head = message, length
                return
            if self.scope["http_version"] == "1.0" and b"content-length" not in dict(
                message.get("headers", ())
            ):
                self._ends_closed = True
                self.chunked_encoding = False
        elif self._ends_closed:
            self.expected_content_length = len(message.get("body", b""))
        elif head is not None:
            start, length = head
            body = b"" if self.scope["method"] == "HEAD" else message.get("body", b"")
            if self._is_whole(message, body, length):
                self.write(start["status"], start["headers"], body)
                return
            await super().send(start)
        await super().send(message)

    def _is_whole(self, message: Any, body: bytes, length: int) -> bool:
        """Say whether this is all of the body, and the client ready to take it."""
        if self.flow.write_paused or self.disconnected or message.get("more_body"):
            return False
        return len(body) == length or self.scope["method"] == "HEAD"

    def write(self, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
        """Write all of a response."""
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        lines = starmap(_line, (*self.default_headers, *headers))
        end = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        self.transport.write(b"".join((STATUS_LINE[status], *lines, end, body)))
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


def _length(start: Any) -> int | None:
    """Return how long a response's body will be; None where its head does not say or says more."""
    known = dict(start.get("headers", ()))
    if b"connection" in known or b"content-length" not in known:
        return None
    return int(known[b"content-length"])
