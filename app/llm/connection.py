"""One HTTP/1.1 connection to a model, read at most once in a while; httptools understands it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

import httptools
import httpx

_LONGEST_HEAD = 64 * 1024
_HEAD_TOO_LONG = "the answer's head is too long"


_MOST_STRETCHED = 8
_CALMER = 0.98


class Pace:
    """The ticks at which all connections are read: `gap` seconds apart, more while they come late.

    Reading less often costs less, which is what a process lacks whose ticks come late. One timer
    serves all who wait for a tick: timers of their own would each wake the loop at a moment of its
    own.
    """

    def __init__(self, between_reads: float) -> None:
        self.gap = self._least = between_reads
        self._latest = 0.0
        self._waiting: set[Callable[[], None]] = set()
        self._is_due = False

    def call(self, callback: Callable[[], None]) -> None:
        """Call back at the next tick, unless that is forgotten until then."""
        self._waiting.add(callback)
        if not self._is_due:
            self._is_due = True
            loop = asyncio.get_running_loop()
            tick = self.next_tick(loop.time())
            loop.call_at(tick, self._tick, tick)

    def forget(self, callback: Callable[[], None]) -> None:
        """Do not call this back."""
        self._waiting.discard(callback)

    def next_tick(self, now: float) -> float:
        """Return the time of the next tick: timers are early at times, by less than half a gap."""
        tick = (now // self.gap + 1) * self.gap
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
        self._is_due = False
        waiting, self._waiting = self._waiting, set()
        for callback in waiting:
            callback()


class Connection(asyncio.Protocol):
    """One connection and the answer being read from it."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._reset()

    def _reset(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._waiter: asyncio.Future[None] | None = None
        self._body: list[bytes] = []
        self._held = False
        self._received = 0
        self._head_size = 0
        self._surplus = False
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.has_head = False
        self.complete = False
        self.lost: Exception | None = None
        self._keeps_alive = False

    # -------------------------------------------------------------- asyncio's calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self.complete:
            self._lose(httpx.RemoteProtocolError("more was sent than was asked for"))
            return
        self._pause()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._lose(httpx.RemoteProtocolError(str(error)))
        if not self.has_head:
            self._received += len(data)
            if self._received > _LONGEST_HEAD:
                self._lose(httpx.RemoteProtocolError(_HEAD_TOO_LONG))
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        self._writable.set()
        self._pace.forget(self._resume)
        if not self.complete:
            self._finish_at_end(error)
        self._wake()

    def _finish_at_end(self, error: Exception | None) -> None:
        """An answer without a length ends with its connection; any other was cut off."""
        framed = {name.lower() for name, _ in self.headers} & {
            b"content-length",
            b"transfer-encoding",
        }
        if error is None and self.has_head and not framed:
            self.complete = True
        elif self.lost is None:
            self.lost = httpx.RemoteProtocolError("the connection was cut inside the answer")

    # -------------------------------------------------------------- httptools' calls

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

    # -------------------------------------------------------------- the transport's calls

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on this connection."""
        closing = self._transport is None or self._transport.is_closing()
        whole = self.complete and self.lost is None and not self._surplus
        return whole and not closing and self._keeps_alive

    @property
    def heard(self) -> bool:
        """Whether anything of an answer has come."""
        return self.has_head or self._received > 0

    async def send(self, head: bytes, content: AsyncIterator[bytes]) -> None:
        """Write a request, waiting where the peer is slow to take it."""
        transport = self._open_transport()
        transport.write(head)
        async for piece in content:
            transport.write(piece)
            await self._writable.wait()

    async def wait_for_head(self) -> None:
        """Wait until status and headers are there."""
        while not self.has_head:
            await self._wait()

    async def next_body(self) -> bytes:
        """Return what has come since the last call; empty bytes at the end of the answer."""
        while not self._body and not self.complete:
            await self._wait()
        body = b"".join(self._body)
        self._body.clear()
        if self._held:
            self._held = False
            self._resume()
        return body

    def start_over(self) -> None:
        """Make ready for the next request."""
        self._pace.forget(self._resume)
        self._reset()
        self._open_transport().resume_reading()

    def close(self) -> None:
        """Let go of the connection at once."""
        self._pace.forget(self._resume)
        if self._transport is not None:
            self._transport.abort()

    def _open_transport(self) -> asyncio.Transport:
        if self._transport is None or self._transport.is_closing():
            raise httpx.WriteError("the connection is closed")
        return self._transport

    def _pause(self) -> None:
        """Read on at the next tick, which is the same for all: one wake-up serves many pages."""
        if self._pace.gap > 0 and self._transport is not None:
            self._transport.pause_reading()
            self._pace.call(self._resume)

    def _resume(self) -> None:
        """Read on, once what was read before has been taken: the sender is held back until then."""
        self._held = bool(self._body) and not self.complete
        if self._held:
            return
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    async def _wait(self) -> None:
        if self.lost is not None:
            raise self.lost
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _lose(self, error: Exception) -> None:
        self.lost = self.lost or error
        self.close()
