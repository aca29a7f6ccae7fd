"""Sends events to every open window of the workbench; slow ones lose the oldest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from app.workbench.responses import as_event

_MOST_WINDOWS = 64
_MOST_WAITING = 32


class Broadcast:
    """Tells any number of windows. One that does not listen loses the oldest it was told."""

    def __init__(self) -> None:
        self._windows: set[asyncio.Queue[bytes | None]] = set()

    def send(self, what: Mapping[str, Any]) -> None:
        """Send to every window."""
        event = as_event(what)
        for window in self._windows:
            if window.full():
                window.get_nowait()
            window.put_nowait(event)

    def close(self) -> None:
        """Let every window go."""
        for window in self._windows:
            if window.full():
                window.get_nowait()
            window.put_nowait(None)

    async def listen(self) -> AsyncGenerator[bytes, None]:
        """Yield what is told from now on, as events, until all is over."""
        if len(self._windows) >= _MOST_WINDOWS:
            return
        window: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING)
        self._windows.add(window)
        try:
            while (event := await window.get()) is not None:
                yield event
        finally:
            self._windows.discard(window)
