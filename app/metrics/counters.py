"""Logs every few minutes what has been counted outside of pages."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

log = logging.getLogger("wandstore.counts")

EVERY = 300.0
"""Seconds between two lines."""

Counters = dict[str, Counter[str]]
"""Counts by what was counted, for each part that counts."""


class MetricsLogger:
    """Writes a line with all counts since the start, wherever one has changed since the last."""

    def __init__(self, tallies: Counters) -> None:
        self._tallies = tallies
        self._last: dict[str, dict[str, int]] = {}

    async def run(self, every: float = EVERY) -> None:
        """Tell again and again, until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.write()

    def write(self) -> None:
        """Tell, if there is anything new."""
        counted = {name: dict(counts) for name, counts in self._tallies.items() if counts}
        if counted and counted != self._last:
            log.info({"event": "counts", **counted})
            self._last = counted
