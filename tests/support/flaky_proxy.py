"""A proxy on loopback that cuts event streams where a test says, and has pages of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Self

from anyio.from_thread import start_blocking_portal

_ON_THE_WAY = 0.1
"""Seconds for what was sent to arrive: a cut in the same instant takes the last event with it."""

_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"


class CuttingProxy:
    """Passes HTTP on to `target_port`; each stream is cut after `events` events, the last not.

    `pages` are answered by itself, by their paths, with a pause at each form feed; `heads` is what
    requests began with.
    """

    def __init__(self, target_port: int, events: int | None = None) -> None:
        self.port = 0
        self.pages: dict[str, str] = {}
        self.heads: list[str] = []
        self.streams = 0
        self.cuts = 0
        self.joined = threading.Event()
        self._target = target_port
        self._events = events
        self._server: asyncio.Server
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one request a connection, so that a cut takes nothing else with it."""
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._pass_request(reader, writer)
        finally:
            self._serving.discard(task)
            await _closed(writer)

    async def _pass_request(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        page = self.pages.get(head.split(b" ")[1].decode())
        if page is not None:
            writer.write(_OK)
            for piece in page.split("\f"):
                writer.write(piece.encode())
                await writer.drain()
                await asyncio.sleep(_ON_THE_WAY)
            return
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            up_writer.write(head.replace(b"Connection: keep-alive", b"Connection: close"))
            if b"/stream/" in head.split(b"\r\n")[0]:
                await self._pass_stream(up_reader, writer)
            else:
                while data := await up_reader.read(65536):
                    writer.write(data)
        finally:
            await _closed(up_writer)

    async def _pass_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.streams += 1
        passed = b""
        while data := await reader.read(65536):
            passed += data
            self.joined.set()
            end = _end_of_event(passed, self._events) if self._events else None
            if end is not None and b"event: ready" not in passed[:end]:
                writer.write(data[: len(data) - (len(passed) - end)])
                await writer.drain()
                await asyncio.sleep(_ON_THE_WAY)
                writer.transport.abort() if self.cuts % 2 else writer.close()
                self.cuts += 1
                return
            writer.write(data)


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection and wait until it is gone."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def _end_of_event(text: bytes, number: int) -> int | None:
    """Return where the numbered event ends, counting from 1; None where it has not come."""
    position = text.find(b"event:")
    for _ in range(number):
        position = text.find(b"\n\n", position)
        if position < 0:
            return None
        position += 2
    return position


@contextmanager
def cutting(target_port: int, events: int | None = None) -> Iterator[CuttingProxy]:
    """Run a proxy in a thread of its own for as long as the block lasts."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(CuttingProxy(target_port, events)) as made,
    ):
        yield made
