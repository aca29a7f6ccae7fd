"""Places where a test and a stream wait for each other, so that no test sleeps."""

from __future__ import annotations

import asyncio
from collections import deque


class ClientLeft(Exception):
    """The client closed the connection before the response was over."""


class Tally:
    """Counts what has happened, and wakes those who wait for a number of times."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def add(self) -> None:
        """Count one more."""
        self.count += 1
        for number, waiter in self._waiting:
            if number <= self.count and not waiter.done():
                waiter.set_result(None)
        self._waiting = [entry for entry in self._waiting if not entry[1].done()]

    async def reached(self, number: int) -> None:
        """Return once it has happened `number` times."""
        if self.count < number:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append((number, waiter))
            await waiter


class Gates:
    """Streams held where their scenario says so, let go one by one, the longest held first."""

    def __init__(self) -> None:
        self.held = Tally()
        self._closed: deque[asyncio.Future[None]] = deque()

    async def hold(self, gone: asyncio.Future[None]) -> None:
        """Return once the stream is released.

        Raises:
            ClientLeft: `gone` came first.
        """
        gate = asyncio.get_running_loop().create_future()
        self._closed.append(gate)
        self.held.add()
        try:
            await asyncio.wait({gate, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if gate in self._closed:
                self._closed.remove(gate)
        if not gate.done():
            raise ClientLeft

    async def release(self) -> None:
        """Let one stream go on, waiting until there is one."""
        while not self._closed:
            await self.held.reached(self.held.count + 1)
        self._closed.popleft().set_result(None)
