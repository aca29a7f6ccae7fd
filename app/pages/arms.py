"""Assigns shoppers to the arms of experiments, and stops arms that go beyond their limits."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Callable
from math import inf

from app.domain.experiments import NO_ARM, Arm, Assignment, Experiments
from app.domain.persona import Shopper
from app.generation.trace import Trace
from app.storage.kv.retrying import RetryingKv

log = logging.getLogger("wandstore.experiments")

FEWEST_PAGES = 20
_MOST_PAGES = 100
"""The latest pages of an arm that its averages are of."""

LOOKS_EVERY = 30.0
"""Seconds for which a process may show an arm that another has stopped."""

_KEPT_SECONDS = 30 * 86_400
STOPPED = "experiments:stopped"
"""The key under which KV has the arms that have stopped, with why, for all processes."""


class Arms:
    """Assigns shoppers. An arm whose pages go beyond its limits is stopped, and stays so.

    Its shoppers get what those get who are in no experiment. `stopped` says of an arm's key why.
    """

    def __init__(self, experiments: Experiments, kv: RetryingKv, now: Callable[[], float]) -> None:
        self.experiments = experiments
        self.stopped: dict[str, str] = {}
        self._kv = kv
        self._now = now
        self._latest: dict[str, deque[tuple[float, float, float]]] = {}
        self._limited = _limited(experiments)
        self._edition = 0
        self._changes = -inf
        self._steady_since = 0.0

    @property
    def edition(self) -> int:
        """A number that is another one whenever shoppers may have other arms."""
        now = self._now()  # which may be put back
        if not self._steady_since <= now < self._changes:
            self._edition += 1
            self._steady_since, self._changes = now, self.experiments.next_change(now)
        return self._edition

    async def replace(self, experiments: Experiments) -> None:
        """Go on with other experiments; arms that have stopped and are still there stay so."""
        self.experiments, self._limited = experiments, _limited(experiments)
        self.stopped = {key: why for key, why in self.stopped.items() if key in self._limited}
        self._latest = {key: last for key, last in self._latest.items() if key in self._limited}
        self._changes = -inf
        await self.load()

    def of(self, shopper: Shopper) -> Assignment:
        """Return a shopper's arm now."""
        return self.at(shopper, self._now())

    def at(self, shopper: Shopper, moment: float) -> Assignment:
        """Return a shopper's arm at a moment (Unix seconds), as far as that is known now."""
        assigned = self.experiments.assign(shopper.id, shopper.persona.type, moment)
        return NO_ARM if assigned.key in self.stopped else assigned

    async def run(self, every: float = LOOKS_EVERY) -> None:
        """Learn of arms that other processes have stopped, for ever."""
        while True:
            await asyncio.sleep(every)
            await self.load()

    async def load(self) -> None:
        """Read which arms have been stopped; where that cannot be read, none has."""
        if not self._limited:
            return
        try:
            stored = dict(json.loads(await self._kv.get(STOPPED) or b"{}"))
        except (ValueError, TypeError):
            return
        self.stopped.update({key: why for key, why in stored.items() if key in self._limited})
        self._changes = -inf

    async def finished(self, key: str, trace: Trace) -> None:
        """Note how the composing of an arm's page went; stop the arm where it went too badly."""
        arm = self._limited.get(key)
        if arm is None or key in self.stopped or trace.status == "interrupted":
            return
        latest = self._latest.setdefault(key, deque(maxlen=_MOST_PAGES))
        refused = sum(n for name, n in trace.counts.items() if name.startswith("refused"))
        latest.append((refused, trace.tokens.total, trace.elapsed_ms / 1000))
        if len(latest) < FEWEST_PAGES:
            return
        for name, limit, values in zip(
            arm.limits._fields, arm.limits, zip(*latest, strict=True), strict=True
        ):
            mean = sum(values) / len(values)
            if limit is not None and mean > limit:
                self.stopped[key] = f"{name} {mean:.2f} a page, more than {limit:g}"
                self._changes = -inf
                log.error({"event": "arm_stopped", "arm": key, "why": self.stopped[key]})
                await self.load()  # another process may have stopped another arm
                await self._kv.put(STOPPED, json.dumps(self.stopped).encode(), _KEPT_SECONDS)
                return


def _limited(experiments: Experiments) -> dict[str, Arm]:
    """Return the arms that stop themselves, by their keys."""
    return {key: arm for key, arm in experiments.arms() if arm.limited}
