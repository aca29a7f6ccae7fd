"""Background tasks, referred to until they end, since the event loop does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

log = logging.getLogger("wandstore")

_ANEW = 5.0
"""Seconds until what ended is begun again."""

Result = TypeVar("Result")


class Tasks:
    """Tasks under way."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def __len__(self) -> int:
        return len(self._running)

    def start(self, work: Coroutine[Any, Any, Result], name: str) -> asyncio.Task[Result]:
        """Begin one."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def wait(self, seconds: float | None = None) -> None:
        """Wait until all have ended, for so many seconds at most."""
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)

    async def end(self, seconds: float) -> None:
        """Let them end for so many seconds; then cancel what is left, and wait for a moment."""
        await self.wait(seconds)
        for task in self._running:
            task.cancel()
        await self.wait(1.0)


async def run_on(run: Callable[[], Awaitable[object]], name: str, pause: float = _ANEW) -> None:
    """Run what goes on for as long as the shop does, and begin it anew where it fails.

    Else nobody would hear that no file is looked at any more, or no record written.
    """
    while True:
        try:
            await run()
            return
        except Exception:
            log.exception("%s failed, and begins anew", name)
        await asyncio.sleep(pause)
