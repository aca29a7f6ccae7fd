"""Accepting connections: an address once, and whatever becomes of the descriptors."""

from __future__ import annotations

import asyncio
import errno
import os
import socket

import pytest

from app.util.listener import Listener, bind

pytestmark = pytest.mark.anyio


class Greeting(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(b"come in")
        transport.close()


class ShortOfDescriptors(socket.socket):
    """A listening socket for whose connections there is no descriptor, so many times."""

    failures = 3

    def accept(self) -> tuple[socket.socket, object]:
        if self.failures:
            self.failures -= 1
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return super().accept()


async def test_running_out_of_descriptors_ends_nothing() -> None:
    bound = bind("127.0.0.1", 0)[0]
    short = ShortOfDescriptors(fileno=bound.detach())
    short.setblocking(False)
    listener = Listener([short], Greeting)
    reader, writer = await asyncio.open_connection(*short.getsockname())
    assert await reader.read() == b"come in"
    assert short.failures == 0
    writer.close()
    listener.close()


async def test_who_is_closed_accepts_nobody() -> None:
    listener = Listener(bind("127.0.0.1", 0), Greeting)
    address = listener.sockets[0].getsockname()
    listener.close()
    listener.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(*address)


def test_an_address_that_is_taken_is_not_taken_twice() -> None:
    taken = bind("127.0.0.1", 0)[0]
    with taken, pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", taken.getsockname()[1])
