"""Waiting for what happens in the background: for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST_WAIT = 60.0


def eventually(condition: Callable[[], object], seconds: float = _LONGEST_WAIT) -> None:
    """Wait until something holds, which must be within so many seconds."""
    end, pause = time.monotonic() + seconds, 0.005
    while not condition():
        assert time.monotonic() < end, "it has not come to that"
        time.sleep(pause)
        pause = min(1.5 * pause, 0.1)
