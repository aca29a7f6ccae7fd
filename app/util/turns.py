"""Decides whose turn it is on the event loop where many requests come at once."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

T = TypeVar("T")

LONGEST = 0.5
"""Seconds for which others go first: work begins all the same where they never end."""

_AT_ONCE = 32
_PAUSE = 0.0002
_BURST = 8


def paced(items: Iterable[T]) -> Iterator[T]:
    """Yield items to a thread that computes, which steps aside for the event loop again and again.

    Otherwise the loop waits 5 ms for the interpreter's lock each time that it has something to do.
    """
    for at, item in enumerate(items, 1):
        if not at % _AT_ONCE:
            time.sleep(_PAUSE)
        yield item


class Turns:
    """Lets a crowd be answered before anything begins that was started for one of them."""

    def __init__(self, longest: float = LONGEST) -> None:
        self._longest = longest
        self._ahead = 0
        self._free = asyncio.Event()
        self._free.set()
        self._one = asyncio.Lock()

    @contextmanager
    def ahead(self) -> Iterator[None]:
        """Go before whoever waits for a turn, for as long as the block lasts."""
        self._ahead += 1
        self._free.clear()
        try:
            yield
        finally:
            self._ahead -= 1
            if not self._ahead:
                self._free.set()

    async def turn(self) -> None:
        """Wait until nobody is ahead, and then until the event loop has looked for others."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._longest):
                await self._free.wait()
        async with self._one:
            await asyncio.sleep(0)


class FewAtOnce:
    """Begins a few things at once, and has the event loop look for others after them.

    Where more wait, each peer has its turn, and in it each client that the peer says it speaks for:
    a crowd makes nobody else wait, and who lies about its clients only its own.
    """

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, OrderedDict[bytes, deque[Callable[[], object]]]]
        self._waiting = OrderedDict()
        self._begun = 0

    def begin(
        self, start: Callable[[], object], peer_and_client: Callable[[], tuple[str, bytes]]
    ) -> None:
        """Call `start`, now or when it is its turn."""
        if self._begun < _BURST:
            self._start(start)
            return
        peer, client = peer_and_client()
        clients = self._waiting.setdefault(peer, OrderedDict())
        clients.setdefault(client, deque()).append(start)

    def _start(self, start: Callable[[], object]) -> None:
        if not self._begun:
            asyncio.get_running_loop().call_soon(self._go_on)
        self._begun += 1
        start()

    def _go_on(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < _BURST:
            peer, clients = self._waiting.popitem(last=False)
            client, starts = clients.popitem(last=False)
            start = starts.popleft()
            if starts:
                clients[client] = starts
            if clients:
                self._waiting[peer] = clients
            self._start(start)
