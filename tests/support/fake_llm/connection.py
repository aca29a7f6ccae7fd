"""One client's connection: bytes out at their pace, and notice of its leaving."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from .gates import ClientLeft, Gates
from .http_wire import LONGEST_HEAD, chunk
from .steps import Ending, Hold, Run, Step, Wait

_MOST_UNSENT = 64 * 1024
_EARLY = 0.0005
"""Seconds by which a piece may go out early, so that one timer serves neighbours."""


class Connection(asyncio.StreamReaderProtocol):
    """`gone` is done once the client has stopped sending, `closed` once nothing can be sent."""

    def __init__(self, serve: Callable[[Connection], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        self.gone: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self.reader = asyncio.StreamReader(limit=LONGEST_HEAD)
        self.writer: asyncio.StreamWriter

        def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Any:
            self.writer = writer
            return serve(self)

        super().__init__(self.reader, connected)

    def eof_received(self) -> bool | None:
        self._leave()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)
        if not self.closed.done():
            self.closed.set_result(None)

    def _leave(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)

    async def play(self, steps: tuple[Step, ...], gates: Gates) -> bool:
        """Play a response and return whether another request may follow.

        Raises:
            ClientLeft: the client was gone before the end.
        """
        for step in steps:
            match step:
                case Run():
                    await self.write(step)
                case Wait(seconds):
                    await self._pause(seconds)
                case Hold():
                    await gates.hold(self.gone)
                case Ending():
                    return await self._end(step)
        return True

    async def write(self, run: Run) -> None:
        """Write the pieces of a run at their pace, no faster than the client reads."""
        if run.gap:
            await _Paced(self, run).written()
            return
        for piece in run.pieces:
            self.writer.write(piece)
            if self.writer.transport.get_write_buffer_size() > _MOST_UNSENT:
                await self.drain()
        await self.drain()

    async def drain(self) -> None:
        """Wait until the client has read enough of what was written.

        Raises:
            ClientLeft: it reads no more.
        """
        if self.gone.done():
            raise ClientLeft
        try:
            await self.writer.drain()
        except ConnectionError as error:
            raise ClientLeft from error

    async def _pause(self, seconds: float | None) -> None:
        await asyncio.wait({self.gone}, timeout=seconds)
        if self.gone.done():
            raise ClientLeft

    async def _end(self, ending: Ending) -> bool:
        match ending.how:
            case "keep":
                return True
            case "stall":
                while True:
                    await self._pause(ending.every or None)
                    await self.write(Run((chunk(b": ping\n\n"),)))
            case "reset":
                await self.reset()
        return False

    async def reset(self) -> None:
        """Send what is written, then drop the connection with a TCP reset."""
        self.writer.transport.set_write_buffer_limits(high=0)
        await self.drain()
        linger = struct.pack("ii", 1, 0)
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


class _Paced:
    """Writes a run from timer callbacks: waking a task for each piece would cost twice as much."""

    def __init__(self, connection: Connection, run: Run) -> None:
        self._connection = connection
        self._transport = connection.writer.transport
        self._run = run
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._next = 0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped: asyncio.Future[None]

    async def written(self) -> None:
        """Return when all is written; what is late is sent at once.

        Raises:
            ClientLeft: the client was gone before.
        """
        gone = self._connection.gone
        try:
            while self._next < len(self._run.pieces):
                self._stopped = self._loop.create_future()
                self._tick()
                await asyncio.wait({self._stopped, gone}, return_when=asyncio.FIRST_COMPLETED)
                await self._connection.drain()
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _tick(self) -> None:
        pieces, gap = self._run.pieces, self._run.gap
        due = self._began + self._next * gap
        now = self._loop.time() + _EARLY
        while due <= now and not self._is_full():
            self._transport.write(pieces[self._next])
            self._next += 1
            due += gap
            if self._next == len(pieces):
                self._stopped.set_result(None)
                return
        if self._is_full():
            self._stopped.set_result(None)
        else:
            self._timer = self._loop.call_at(due, self._tick)

    def _is_full(self) -> bool:
        return self._transport.get_write_buffer_size() > _MOST_UNSENT
