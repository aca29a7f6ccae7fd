"""An httpx transport that reads all models' sockets at the same ticks, each in one go.

A model sends a hundred small pieces a second. Waking for each costs more than all that is done
with them, so nothing is read between ticks, which are the same for all connections: a process with
many pages wakes no more often than with one. Pieces gather in the kernel meanwhile, which also
holds back a sender that is too fast. At most one read's worth is held here. HTTP/1.1 is read by
httptools.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import cast

import httpx

from app.llm.connection import Connection, Pace, connect

BETWEEN_READS = 0.034
"""Seconds, and up to eight times as many while the process is late. A piece comes late by half of
them, which shoppers cannot tell; most of what a page costs is by the number of reads.

No multiple of 10 ms, so as not to keep step with a sender that writes every 10 ms.
"""

_MOST_IDLE = 16
_IDLE_SECONDS = 20.0

Origin = tuple[str, str, int]


class PacedTransport(httpx.AsyncBaseTransport):
    """HTTP/1.1 for a few long answers at a time. Follows no proxy.

    Of httpx's timeouts it obeys `connect`: whoever asks has deadlines of their own for the answer,
    and a bound on how many ask at once. The extension `pause` gives the seconds for which an answer
    need not be read on.
    """

    def __init__(
        self,
        between_reads: float = BETWEEN_READS,
        tls: Callable[[], ssl.SSLContext] = httpx.create_ssl_context,
    ) -> None:
        self._pace = Pace(between_reads)
        self._make_tls = tls
        self._tls: ssl.SSLContext | None = None
        self._idle: deque[tuple[Origin, float, Connection]] = deque()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its answer as soon as the head is there."""
        url = request.url
        origin = url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)
        connection = self._take_idle(origin)
        if connection is None or not await _reached(connection, request):
            limits = request.extensions.get("timeout", {})
            connection = await self._connect(origin, limits.get("connect"))
            await _ask(connection, request)
        connection.pause = request.extensions.get("pause", float)
        body = _Body(connection, lambda: self._give_back(origin, connection))
        return httpx.Response(connection.status, headers=connection.headers, stream=body)

    async def aclose(self) -> None:
        """Close the connections that are kept for later."""
        while self._idle:
            self._idle.pop()[2].close()

    async def _connect(self, origin: Origin, seconds: float | None) -> Connection:
        scheme, host, port = origin
        try:
            tls = await self._tls_context() if scheme == "https" else None
            async with asyncio.timeout(seconds):
                return Connection(await connect(host, port, tls, seconds), self._pace)
        except TimeoutError as late:
            raise httpx.ConnectTimeout("no connection in time") from late
        except OSError as error:
            number = 0 if isinstance(error, ssl.SSLError) else error.errno or 0
            why = os.strerror(number) if number > 0 else error.strerror
            raise httpx.ConnectError(why or str(error)) from error

    async def _tls_context(self) -> ssl.SSLContext:
        """Make the TLS context once, off the event loop: it reads hundreds of certificates."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(self._make_tls)
        return self._tls

    def _take_idle(self, origin: Origin) -> Connection | None:
        now = asyncio.get_running_loop().time()
        while self._idle and self._idle[0][1] < now:
            self._idle.popleft()[2].close()
        for entry in reversed(self._idle):
            if entry[0] == origin:
                self._idle.remove(entry)
                entry[2].close_unasked()  # the loop may not have come to it yet
                if entry[2].reusable:
                    entry[2].start_over()
                    return entry[2]
                entry[2].close()
                return None
        return None

    def _give_back(self, origin: Origin, connection: Connection) -> None:
        if not connection.reusable or len(self._idle) >= _MOST_IDLE:
            connection.close()
            return
        until = asyncio.get_running_loop().time() + _IDLE_SECONDS
        self._idle.append((origin, until, connection))
        connection.wait_for_request()


async def _reached(connection: Connection, request: httpx.Request) -> bool:
    """Ask over a connection that was kept; False where the server had just closed it, unheard."""
    try:
        await _ask(connection, request)
    except httpx.RemoteProtocolError:
        if connection.heard:
            raise
        return False
    return True


async def _ask(connection: Connection, request: httpx.Request) -> None:
    """Send a request and wait for the head of its answer; close the connection where that fails."""
    try:
        stream = cast("httpx.AsyncByteStream", request.stream)
        await connection.send(_head(request), aiter(stream))
        await connection.wait_for_head()
    except BaseException:
        connection.close()
        raise


class _Body(httpx.AsyncByteStream):
    """The body of an answer, which ends with giving its connection back."""

    def __init__(self, connection: Connection, done: Callable[[], None]) -> None:
        self._connection = connection
        self._done = done

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while body := await self._connection.next_body():
            yield body

    async def aclose(self) -> None:
        self._done()


def _head(request: httpx.Request) -> bytes:
    target = request.url.raw_path
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), target)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join([*lines, b"", b""])
