"""Each event is passed on as it comes, and a shopper who leaves takes the request along."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

import httpx
from anyio.from_thread import start_blocking_portal

from tests.support.shopper_client import Shopper
from tools.support.edge import Worker

STREAM = "/s/demo/stream/edge"
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_LONGEST_WAIT = 20.0


class Upstream:
    """In the container's place: opens streams, writes when told to, and notices who leaves."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._opened: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
        self._left: asyncio.Queue[None] = asyncio.Queue()
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        await reader.readexactly(length)
        if b"accept: text/event-stream" not in head:
            writer.close()
            return
        writer.write(_HEAD + _chunk(b": open\n\n"))
        await self._opened.put(writer)
        with suppress(ConnectionError):
            await reader.read()
        await self._left.put(None)
        writer.close()

    async def say(self, text: bytes) -> None:
        """Write on the stream that was opened last, and leave it open."""
        async with asyncio.timeout(_LONGEST_WAIT):
            writer = await self._opened.get()
        writer.write(_chunk(text))
        await writer.drain()
        await self._opened.put(writer)

    async def left(self) -> None:
        """Return when a reader has left."""
        async with asyncio.timeout(_LONGEST_WAIT):
            await self._left.get()


def _chunk(text: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(text), text)


def test_bytes_pass_one_by_one_and_a_shopper_who_leaves_is_noticed(worker: Worker) -> None:
    worker.forget_plans()
    port = int(worker.container.rpartition(":")[2])
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Upstream(port)) as container,
        Shopper(worker) as shopper,
    ):
        shopper.store()
        with shopper.stream("GET", STREAM) as response:
            assert response.status_code == httpx.codes.OK
            coming = response.iter_raw()
            assert next(coming) == b": open\n\n"
            for at in range(20):
                said = b"event: progress\nid: %d\ndata: {}\n\n" % (at + 1)
                portal.call(container.say, said)
                assert next(coming) == said
        # workerd on its own, as here, hears of a closed connection with the next byte it sends.
        portal.call(container.say, b": still here\n\n")
        portal.call(container.left)
