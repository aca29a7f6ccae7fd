"""One HTTP/1.1 connection to a model, read at most once a tick and parsed by httptools.

It is a socket of our own and no transport of the event loop's: a transport whose reading is paused
is woken once more by what comes next, and one with TLS reads on, paused or not.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack

import httptools
import httpx

_LONGEST_HEAD = 64 * 1024
_HEAD_TOO_LONG = "the answer's head is too long"
_MOST_AT_ONCE = 64 * 1024
_COST_OF_A_RECORD = 256
"""Bytes that a record of TLS counts for beside its own: reading takes as long as of so many."""

_MOST_STRETCHED = 8
_CALMER = 0.98

_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Pace:
    """The ticks at which all connections are read: `gap` seconds apart, more while they come late.

    Reading less often costs less, which is what a process lacks whose ticks come late. One timer
    serves all who wait for a tick: timers of their own would each wake the loop at a moment of its
    own.
    """

    def __init__(self, between_reads: float) -> None:
        self.gap = self._least = between_reads
        self._latest = 0.0
        self._ticks: dict[float, deque[asyncio.Future[None]]] = {}

    async def wait(self, pause: float) -> None:
        """Wait for the last tick within so many seconds, or for the next."""
        loop = asyncio.get_running_loop()
        tick, turn = self.next_tick(loop.time(), pause), loop.create_future()
        if tick not in self._ticks:
            self._ticks[tick] = deque()
            loop.call_at(tick, self._tick, tick)
        self._ticks[tick].append(turn)
        await turn

    def next_tick(self, now: float, pause: float = 0.0) -> float:
        """Return the time of the last tick within a pause, or of the next.

        Timers are early at times, by less than half a gap.
        """
        tick = ((now + max(0.0, pause - self.gap)) // self.gap + 1) * self.gap
        return tick if tick - self._latest > self.gap / 2 else tick + self.gap

    def observe(self, tick: float, now: float) -> None:
        """Adapt the gap to a tick that is here, perhaps late."""
        self._latest = tick
        if now - tick > self.gap:
            self.gap = min(self.gap * 2, self._least * _MOST_STRETCHED)
        else:
            self.gap = max(self.gap * _CALMER, self._least)

    def _tick(self, tick: float) -> None:
        self.observe(tick, asyncio.get_running_loop().time())
        self._wake(self._ticks.pop(tick))

    def _wake(self, waiting: deque[asyncio.Future[None]]) -> None:
        """Wake one after the other: what comes of one is with its reader before the next is read.

        Woken together, all would be as late as the last of them.
        """
        if not (turn := waiting.popleft()).done():
            turn.set_result(None)
        if waiting:
            asyncio.get_running_loop().call_soon(self._wake, waiting)


async def connect(
    host: str, port: int, tls: ssl.SSLContext | None, seconds: float | None = None
) -> socket.socket:
    """Connect to the first of a host's addresses that answers in its share of the seconds.

    Raises:
        OSError: there is none, or no agreement on TLS.
    """
    loop = asyncio.get_running_loop()
    failure = OSError("the host has no address")
    addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, kind, protocol, _, address in addresses:
        try:
            with ExitStack() as undo:
                stream = undo.enter_context(socket.socket(family, kind, protocol))
                stream.setblocking(False)
                stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                async with asyncio.timeout(seconds and seconds / len(addresses)):
                    await loop.sock_connect(stream, address)
                undo.pop_all()
        except OSError as error:
            failure = error
        else:
            return stream if tls is None else await _secured(stream, host, tls)
    raise failure


async def _secured(stream: socket.socket, host: str, tls: ssl.SSLContext) -> ssl.SSLSocket:
    with ExitStack() as undo:
        secure = undo.enter_context(
            tls.wrap_socket(stream, do_handshake_on_connect=False, server_hostname=host)
        )
        while True:
            try:
                secure.do_handshake()
            except _NOT_YET as wish:
                await _ready(secure, to_write=isinstance(wish, ssl.SSLWantWriteError))
            else:
                undo.pop_all()
                return secure


async def _ready(stream: socket.socket, *, to_write: bool) -> None:
    """Wait until a socket can be read from, or written to."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    add, remove = (
        (loop.add_writer, loop.remove_writer) if to_write else (loop.add_reader, loop.remove_reader)
    )
    add(stream, ready.set)
    try:
        await ready.wait()
    finally:
        remove(stream)


class Connection:
    """One connection and the answer being read from it. It is read only while somebody waits.

    `pause` gives the seconds for which it need not be.
    """

    def __init__(self, stream: socket.socket, pace: Pace) -> None:
        self._stream = stream
        self._pace = pace
        self.pause: Callable[[], float] = float
        self._in_records = isinstance(stream, ssl.SSLSocket)
        self._loop = asyncio.get_running_loop()
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body: list[bytes] = []
        self._received = 0
        self._head_size = 0
        self._surplus = False
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.has_head = False
        self.complete = False
        self.lost: Exception | None = None
        self._keeps_alive = False

    # Called by httptools' parser.

    def on_message_begin(self) -> None:
        self._surplus = self.complete

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._surplus:
            return
        self._head_size += len(name) + len(value)
        if self._head_size > _LONGEST_HEAD:
            raise httpx.RemoteProtocolError(_HEAD_TOO_LONG)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._surplus:
            return
        self.status = self._parser.get_status_code()
        self.has_head = self.status >= httpx.codes.OK
        if not self.has_head:
            self.headers = []
        self._keeps_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        if not self._surplus:
            self._body.append(body)

    def on_message_complete(self) -> None:
        self.complete = self.has_head

    # Called by the transport.

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on this connection."""
        whole = self.complete and self.lost is None and not self._surplus
        return whole and self._keeps_alive and self._stream.fileno() >= 0

    @property
    def heard(self) -> bool:
        """Whether anything of an answer has come."""
        return self.has_head or self._received > 0

    async def send(self, head: bytes, content: AsyncIterator[bytes]) -> None:
        """Write a request, waiting where the peer is slow to take it.

        Where it takes no more, its answer is there to be read, or the end of the connection.
        """
        await self._write(head)
        async for piece in content:
            await self._write(piece)

    async def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self._stream.send(rest) :]
            except _NOT_YET as wish:
                await _ready(self._stream, to_write=not isinstance(wish, ssl.SSLWantReadError))
            except OSError:
                return

    async def wait_for_head(self) -> None:
        """Wait until status and headers are there."""
        while not self.has_head:
            await self._receive()

    async def next_body(self) -> bytes:
        """Return what has come since the last call; empty bytes at the end of the answer."""
        while not self._body and not self.complete:
            await self._receive()
        body = b"".join(self._body)
        self._body.clear()
        return body

    async def _receive(self) -> None:
        """Read what has come by the next tick, or what comes first after it.

        Meanwhile the kernel holds what is sent, and the sender where that is too much.
        """
        if self.lost is not None:
            raise self.lost
        if self.heard:
            await self._pace.wait(self.pause())
        while not self._read():
            await _ready(self._stream, to_write=False)

    def _read(self) -> bool:
        """Take what is there, if only the end of it; say whether there was anything."""
        size, arrived = 0, False
        try:
            while size < _MOST_AT_ONCE and not self.complete and self.lost is None:
                data = self._stream.recv(_MOST_AT_ONCE)
                arrived = True
                if not data:
                    self._finish_at_end(None)
                    break
                self._take(data)
                size += len(data) + _COST_OF_A_RECORD if self._in_records else _MOST_AT_ONCE
        except _NOT_YET:
            pass
        except OSError as error:
            arrived = True
            self._finish_at_end(error)
        return arrived

    def _take(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._lose(httpx.RemoteProtocolError(str(error)))
        if not self.has_head:
            self._received += len(data)
            if self._received > _LONGEST_HEAD:
                self._lose(httpx.RemoteProtocolError(_HEAD_TOO_LONG))

    def _finish_at_end(self, error: Exception | None) -> None:
        """End an answer without a length with its connection; any other was cut off."""
        framed = {name.lower() for name, _ in self.headers} & {
            b"content-length",
            b"transfer-encoding",
        }
        if error is None and self.has_head and not framed:
            self.complete = True
        elif self.lost is None:
            self.lost = httpx.RemoteProtocolError("the connection was cut inside the answer")

    def wait_for_request(self) -> None:
        """Be closed as soon as the server closes, or sends what was not asked for."""
        self._loop.add_reader(self._stream, self.close_unasked)
        self.close_unasked()

    def close_unasked(self) -> None:
        """Close what the server has closed, or on which it sent what was not asked for."""
        try:
            self._stream.recv(1)
        except _NOT_YET:
            return
        except OSError:
            pass
        self.close()

    def start_over(self) -> None:
        """Make ready for the next request."""
        self._loop.remove_reader(self._stream)
        self._reset()

    def close(self) -> None:
        """Let go of the connection at once."""
        if self._stream.fileno() >= 0:
            self._loop.remove_reader(self._stream)
            self._stream.close()

    def _lose(self, error: Exception) -> None:
        self.lost = self.lost or error
        self.close()
