"""What has been counted outside of pages, told in the log from time to time."""

from __future__ import annotations

import asyncio
import json
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
        self._last = ""

    async def run(self, every: float = EVERY) -> None:
        """Tell again and again, until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.write()

    def write(self) -> None:
        """Tell, if there is anything new."""
        counted = {name: dict(counts) for name, counts in self._tallies.items() if counts}
        line = json.dumps({"event": "counts", **counted})
        if counted and line != self._last:
            log.info("%s", line)
            self._last = line
