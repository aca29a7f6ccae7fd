"""Loads late what the first page does not need: on a small CPU that takes a second."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress

_REST = 1.0
"""Seconds that the first visitors have the processor for, unless what is to be loaded is needed."""

_PAUSE = 0.2
"""Seconds until loading is tried again, where there was no descriptor for a file."""


class WarmUp:
    """Loads in a thread of its own, once, soon after the start or as soon as somebody waits for it.

    `failure` is what it ended with, if it failed.

    Where the process has no descriptor left for a file it goes on trying: clients take them, and
    give them back.
    """

    def __init__(self, load: Callable[[], object]) -> None:
        self.failure: BaseException | None = None
        self._load = load
        self._needed = asyncio.Event()
        self._task: asyncio.Task[object] | None = None

    def start(self) -> asyncio.Task[object]:
        """Start to load; return what ends when it is done."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="warm-up")
            self._task.add_done_callback(self._note)
        return self._task

    async def wait(self) -> None:
        """Wait until all is loaded.

        Raises:
            Exception: loading failed, with what `load` raised.
        """
        self._needed.set()
        await asyncio.shield(self.start())

    async def _run(self) -> object:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._needed.wait(), _REST)
        while True:
            try:
                return await asyncio.to_thread(self._load)
            except Exception as error:
                if not _lacks_descriptors(error):
                    raise
            await asyncio.sleep(_PAUSE)

    def _note(self, task: asyncio.Task[object]) -> None:
        self.failure = None if task.cancelled() else task.exception()


def _lacks_descriptors(error: BaseException | None) -> bool:
    """Say whether an error, or one that it comes of, is that no more files can be opened."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            return True
        if isinstance(error, ImportError) and os.strerror(errno.EMFILE) in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
