"""What is loaded once the shop is open: composing needs it, and nobody needs it to see the shop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class WarmUp:
    """Loads in a thread of its own, once. `failure` is what it ended with, if it failed."""

    def __init__(self, load: Callable[[], object]) -> None:
        self.failure: BaseException | None = None
        self._load = load
        self._task: asyncio.Task[object] | None = None

    def start(self) -> asyncio.Task[object]:
        """Begin to load; return what ends when it is done."""
        if self._task is None:
            self._task = asyncio.create_task(asyncio.to_thread(self._load), name="preparing")
            self._task.add_done_callback(self._note)
        return self._task

    async def wait(self) -> None:
        """Wait until all is loaded.

        Raises:
            Exception: loading failed, with what `load` raised.
        """
        await asyncio.shield(self.start())

    def _note(self, task: asyncio.Task[object]) -> None:
        self.failure = None if task.cancelled() else task.exception()
