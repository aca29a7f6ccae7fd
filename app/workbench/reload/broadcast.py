"""What has happened, told to every open window: the latest of it, never more than it can hold."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

_MOST_WINDOWS = 64
_MOST_WAITING = 32


class Broadcast:
    """Tells any number of windows. One that does not listen loses the oldest it was told."""

    def __init__(self) -> None:
        self._windows: set[asyncio.Queue[str | None]] = set()

    def send(self, what: Mapping[str, Any]) -> None:
        """Send to every window."""
        text = json.dumps(what, ensure_ascii=False, separators=(",", ":"))
        for window in self._windows:
            if window.full():
                window.get_nowait()
            window.put_nowait(text)

    def close(self) -> None:
        """Let every window go."""
        for window in self._windows:
            if window.full():
                window.get_nowait()
            window.put_nowait(None)

    async def listen(self) -> AsyncGenerator[str, None]:
        """Yield what is told from now on, as JSON, until all is over."""
        if len(self._windows) >= _MOST_WINDOWS:
            return
        window: asyncio.Queue[str | None] = asyncio.Queue(_MOST_WAITING)
        self._windows.add(window)
        try:
            while (text := await window.get()) is not None:
                yield text
        finally:
            self._windows.discard(window)
