"""Uvicorn's HTTP protocol with bounds on heads, connections, idle time and queued requests.

What is answered whole is written at once, and what waits for nothing needs no task.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, OrderedDict
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache, partial
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
from starlette.types import Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.util.http_body import AtOnce
from app.util.http_cycle import Cycle
from app.util.turns import FewAtOnce

MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_HEADERS = 100
_PIECE = 4096
"""Bytes that the parser gets at a time, so that what it holds is counted before it gets more."""

_VERSIONS = ("1.1", "1.0")
_HOST = re.compile(rb"(\[[\da-fA-F:.]+\]|[\w.~%!$&'()*+,;=-]*)(:\d*)?\Z")
_NO_SEPARATOR = re.compile(r"%(?=2f|0a)", re.IGNORECASE)
"""What stands for a slash within a part of a path, and for an end of line, where a pattern of a
route ends or fits nothing: neither is one."""

_CHECK = b"/health"
"""Waits for nobody of the same client: who gets no answer ends the process."""

_FORWARDED = frozenset({b"x-forwarded-for", b"x-forwarded-proto"})
_MAX_PIPELINED = 8
_LINGER_SECONDS = 1.0
_LINGER_BYTES = 1024 * 1024
"""After a refusal, and of a body that is answered before it is whole, so much is read and thrown
away: a reset would overtake the answer."""


@dataclass(eq=False, repr=False)
class Connections:
    """The connections of one server, and their bounds in number and in seconds.

    A new connection's first head, and any that has begun, is whole within `head_seconds`; a client
    that takes nothing of what is sent to it for `stall_seconds` is let go. `waiting` are those that
    ask for nothing at the moment, the longest first: they make room. `requests` have their turns.
    `at_once` answers those that wait for nothing. `counts` says who was refused.
    """

    limit: int
    head_seconds: float
    stall_seconds: float
    at_once: AtOnce = lambda _: None
    waiting: OrderedDict[BoundedHttpProtocol, None] = field(default_factory=OrderedDict)
    requests: FewAtOnce = field(default_factory=FewAtOnce)
    counts: Counter[str] = field(default_factory=Counter)


class _Refused(Exception):
    """A head is not taken: with this status."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def _believe(proxies: ProxyHeadersMiddleware, scope: Scope) -> None:
    """Take what a proxy says of its client, if it is one that is believed."""
    nobody: Any = None
    with suppress(StopIteration):  # it changes the scope, and waits for nothing
        _alone(proxies)(cast("Any", scope), nobody, nobody).send(None)


@lru_cache(1)
def _alone(proxies: ProxyHeadersMiddleware) -> ProxyHeadersMiddleware:
    """Return a middleware that believes the same proxies, and calls no app."""

    async def nothing(*_: object) -> None: ...

    alone = copy(proxies)
    alone.app = nothing
    return alone


class BoundedHttpProtocol(HttpToolsProtocol):
    """A connection that holds no more, and no longer, than what a browser needs.

    A head may have 32 KiB and 100 headers however it is cut, and so may the trailers of a chunked
    body, which are thrown away: what comes after a body may not change what was asked for.
    """

    def __init__(self, *, open_connections: Connections, **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._open = open_connections
        self._in_head = True
        self._is_partial = False
        self._answered: RequestResponseCycle | None = None
        self._bare = 0
        """Bytes since a message began, or a piece of its body came."""
        self._surplus = 0
        """Bytes of a body that came when it had been answered."""
        self._held = b""
        """What was pipelined behind requests that wait for their turn."""
        self._closing = False
        self._deadline: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, in the place of the one that has waited longest if need be."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it as well
        if len(self.connections) > self._open.limit:
            if not self._open.waiting:
                self._refuse(HTTPStatus.SERVICE_UNAVAILABLE)
                self.transport.close()
                return
            longest, _ = self._open.waiting.popitem(last=False)
            self._open.counts["evicted"] += 1
            longest.transport.abort()
        self._open.waiting[self] = None
        self._begin_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._open.waiting.pop(self, None)
        self._held = b""
        self._end_deadline()
        self._end_stall()
        if self._answered is not None:  # which need not be the request that came last
            self._answered.disconnected = True
            self._answered.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, piece by piece."""
        self._unset_keepalive_if_required()
        if self._closing:
            self._bare += len(data)
            if self._bare > _LINGER_BYTES:
                self.transport.abort()
            return
        self._parse(self._held + data)
        is_kept = self.timeout_keep_alive_task is not None and not self._is_partial
        if not (is_kept or self._is_answering() or self._closing):
            self._begin_deadline()

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        self._bare = self._surplus = 0
        self._is_partial = True
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target, if it is not too long by now."""
        super().on_url(url)
        if len(self.url) > MAX_TARGET_BYTES:
            raise _Refused(HTTPStatus.REQUEST_URI_TOO_LONG)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, if it is in the head and there are not too many."""
        if not self._in_head:
            return
        if len(self.headers) >= MAX_HEADERS:
            raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        super().on_header(name, value.rstrip(b" \t"))  # the parser strips what stands before it

    def on_headers_complete(self) -> None:
        """Begin to answer, or queue the request behind those before it."""
        self._check_head()
        self._bare = 0
        self._in_head = False
        self._open.waiting.pop(self, None)
        self._end_deadline()
        self._unset_keepalive_if_required()  # what came before it may have been answered by now
        if not self.flow.write_paused:
            self._end_stall()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of a body, if it is of use or not too long by now."""
        self._bare = 0
        if not self._is_answering():
            self._surplus += len(body)
            if self._surplus > _LINGER_BYTES >= self._surplus - len(body):
                self._open.counts["refused_413"] += 1
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect another head."""
        self._in_head = True
        self._is_partial = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with what is pipelined, or wait for another request."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._begin_stall()
        if self.transport.is_closing():
            return
        if self._held:
            self.loop.call_soon(self._parse_held)
        elif not self._is_answering():
            self._open.waiting[self] = None

    def pause_writing(self) -> None:
        """Begin to count how long the client takes nothing."""
        super().pause_writing()
        self._begin_stall()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._end_stall()
        super().resume_writing()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request when it is its turn, unless nobody waits for it any more."""
        cycle.__class__ = Cycle  # uvicorn lets nobody choose
        self._open.requests.begin(partial(self._answer, cycle, app), partial(self._whose, cycle))

    def _answer(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.transport.is_closing():
            return
        self._answered = cycle
        scope: Any = cycle.scope
        if b"%" in scope["raw_path"]:
            scope["path"] = unquote(_NO_SEPARATOR.sub("%25", scope["raw_path"].decode()))
        if isinstance(app, ProxyHeadersMiddleware):
            if not _FORWARDED.isdisjoint(dict(scope["headers"])):
                _believe(app, scope)
            app = app.app
        answer = None if self.flow.write_paused else self._open.at_once(scope)
        if answer is None:
            super()._start_asgi_task(cycle, app)
        else:
            cast("Cycle", cycle).write(*answer)

    def _whose(self, cycle: RequestResponseCycle) -> tuple[str, bytes]:
        """Return the peer that a request comes from, and the client that it is said to be of."""
        headers = dict(cycle.scope["headers"])
        named = headers.get(b"cf-connecting-ip") or headers.get(b"x-forwarded-for", b"")
        is_check = cycle.scope["raw_path"] == _CHECK
        return self.client[0] if self.client else "", _CHECK if is_check else named

    def _check_head(self) -> None:
        """Refuse what others on the way may have read as another host's, or another version."""
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            raise _Refused(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
        hosts = [value for name, value in self.headers if name == b"host"]
        if len(hosts) > 1 or not (hosts or version == "1.0") or not all(map(_HOST.match, hosts)):
            raise _Refused(HTTPStatus.BAD_REQUEST)
        if self.url.startswith(b"*"):  # the server as a whole, of which there is nothing to say
            raise _Refused(HTTPStatus.BAD_REQUEST)

    def _parse(self, data: bytes) -> None:
        self._held = b""
        start = 0
        while start < len(data):
            if len(self.pipeline) >= _MAX_PIPELINED:
                self._held = data[start:]
                self.flow.pause_reading()
                return
            piece = data[start : start + min(_PIECE, MAX_HEAD_BYTES - self._bare)]
            start += len(piece)
            try:
                self._feed(piece)
            except httptools.HttpParserUpgrade:
                continue  # another protocol is not spoken here: the request is answered as it is
            except _Refused as refused:
                self._refuse(refused.status)
                return
            except httptools.HttpParserError as error:
                cause = error.__context__
                if isinstance(cause, _Refused):
                    self._refuse(cause.status)
                else:
                    self.logger.warning("Invalid HTTP request received.")
                    self._refuse(HTTPStatus.BAD_REQUEST)
                return

    def _feed(self, piece: bytes) -> None:
        self.parser.feed_data(piece)
        self._bare += len(piece)
        if self._bare >= MAX_HEAD_BYTES:
            raise _Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)

    def _parse_held(self) -> None:
        if not self._closing and not self.transport.is_closing():
            self._parse(self._held)

    def _refuse(self, status: HTTPStatus) -> None:
        """Say what is not taken, unless another answer is under way, and close."""
        self._open.counts[f"refused_{status.value}"] += 1
        self._open.waiting.pop(self, None)
        self._closing = True
        self._bare = 0
        if self._is_answering():
            if self._in_head:
                self.cycle.keep_alive = False  # what was asked before is answered, and nothing more
                return
            if self.cycle.response_started or self.pipeline:
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        text = f"{status.phrase}\n"
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(text)}",
            "connection: close",
            f"\r\n{text}",
        ]
        self.transport.write("\r\n".join(lines).encode())
        self.transport.write_eof()
        self._end_deadline()
        self._deadline = self.loop.call_later(_LINGER_SECONDS, self.transport.abort)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _begin_deadline(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._open.head_seconds, self._expire)

    def _end_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._deadline = None
        if self._bare:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT)
        else:
            self._open.counts["silent"] += 1
            self.transport.close()

    def _begin_stall(self) -> None:
        if self._stall is None:
            self._stall = self.loop.call_later(self._open.stall_seconds, self._give_up)

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None

    def _give_up(self) -> None:
        if self.transport.get_write_buffer_size():
            self._open.counts["stalled"] += 1
            self.transport.abort()
