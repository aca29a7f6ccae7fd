"""What is loaded late: nobody needs it to see the shop, and a small CPU takes a second for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Lazy(Generic[T]):
    """A value that is made by whoever asks for it first, once, in whatever thread."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = Lock()
        self._made: tuple[T] | None = None

    @property
    def made(self) -> T | None:
        """The value if it has been made."""
        return self._made[0] if self._made else None

    def __call__(self) -> T:
        """Return the value."""
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = (self._make(),)
        return self._made[0]


class WarmUp:
    """Loads in a thread of its own, once. `failure` is what it ended with, if it failed."""

    def __init__(self, load: Callable[[], object]) -> None:
        self.failure: BaseException | None = None
        self._load = load
        self._task: asyncio.Task[object] | None = None

    def start(self) -> asyncio.Task[object]:
        """Start to load; return what ends when it is done."""
        if self._task is None:
            self._task = asyncio.create_task(asyncio.to_thread(self._load), name="warm-up")
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
