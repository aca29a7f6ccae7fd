"""Accepts connections, and goes on doing so after the process has run out of descriptors.

uvloop closes a listening socket for good, without a word, where accepting fails once.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from contextlib import suppress

from app.util.tasks import Tasks

_LEAST_RESERVE = 40
_RESERVE_SHARE = 4
_EACH_TAKES = 24 * 1024
"""Bytes of memory that a reader of a page takes, and who has stopped reading not much more."""

log = logging.getLogger("wandstore")

_BACKLOG = 2048
_ACCEPTED_AT_ONCE = 8
"""Connections on their way to a protocol, which closes what is too many: they need descriptors."""

_PAUSE = 0.2
"""Seconds until accepting is tried again, where there was no descriptor for it."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Return a listening socket for each address of the host, one port for all.

    Raises:
        OSError: one of them cannot be bound.
    """
    sockets: list[socket.socket] = []
    # As text any host loads what reads names in all scripts, a millisecond's work.
    name = host.encode() if host.isascii() else host
    found = socket.getaddrinfo(name or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    try:
        for family, *_, address in dict.fromkeys(found):
            place = (address[0], port, *address[2:])
            listener = socket.create_server(place, family=family, backlog=_BACKLOG)
            listener.setblocking(False)
            sockets.append(listener)
            port = port or listener.getsockname()[1]
    except OSError:
        for listener in sockets:
            listener.close()
        raise
    return sockets


class Listener:
    """Gives each connection to a protocol of its own. The loop is the one that runs."""

    def __init__(
        self, sockets: list[socket.socket], make_protocol: Callable[[], asyncio.Protocol]
    ) -> None:
        self.sockets = sockets
        self._make_protocol = make_protocol
        self._loop = asyncio.get_running_loop()
        self._connecting = Tasks()
        self._says_why = True
        for listener in sockets:
            self._loop.add_reader(listener, self._accept, listener)

    def close(self) -> None:
        """Accept nobody more."""
        for listener in self.sockets:
            if listener.fileno() >= 0:
                self._loop.remove_reader(listener)
                listener.close()

    async def wait_closed(self) -> None:
        """Return: connections that are open end by themselves."""

    def _accept(self, listener: socket.socket) -> None:
        while len(self._connecting) < _ACCEPTED_AT_ONCE:
            try:
                connection, _address = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._pause(listener, error)
                return
            self._connecting.start(self._connect(connection), "connect")

    async def _connect(self, connection: socket.socket) -> None:
        with suppress(OSError):  # it has gone already
            connection.setblocking(False)
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
            return
        connection.close()

    def _pause(self, listener: socket.socket, error: OSError) -> None:
        """Leave whoever comes to the system for a moment; say so at the first time."""
        if self._says_why:
            self._says_why = False
            log.warning("cannot accept connections, trying again: %s", error)
        self._loop.remove_reader(listener)
        self._loop.call_later(_PAUSE, self._resume, listener)

    def _resume(self, listener: socket.socket) -> None:
        if listener.fileno() >= 0:
            self._loop.add_reader(listener, self._accept, listener)


def connection_limit(wanted: int, memory: int | None) -> int:
    """Return how many connections there may be, with so many bytes of memory left, if that is said.

    A quarter of the descriptors is for other files, and half of the memory for all else.
    """
    if memory is not None:
        wanted = min(wanted, memory // 2 // _EACH_TAKES)
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors != resource.RLIM_INFINITY:
        reserve = max(_LEAST_RESERVE, descriptors // _RESERVE_SHARE)
        wanted = min(wanted, descriptors - reserve)
    return max(1, wanted)
