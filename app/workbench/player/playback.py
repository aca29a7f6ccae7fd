"""Plays a run's events at a pace that can be held, with injected faults."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any

from app.domain.events import Event
from app.workbench.player.faults import Delivery, EventFaults, deliveries
from app.workbench.player.run import Run

_FASTEST, _SLOWEST = 16.0, 0.1


class Playback:
    """A position in a run. Readers get what lies before it, and what it passes."""

    def __init__(self, run: Run, faults: EventFaults, clock: Callable[[], float]) -> None:
        self.id = secrets.token_urlsafe(9)
        self.run = run
        self.cuts = 0
        self.speed = 1.0
        self.playing = False
        self._faults = faults
        self._clock = clock
        self._base = 0.0
        self._since = clock()
        self._changed = asyncio.Event()

    @property
    def sent(self) -> list[Delivery]:
        """The events as they arrive, as far as the run has come."""
        return deliveries(self.run.events, self._faults)

    @property
    def length(self) -> int:
        """Milliseconds until the last event has arrived."""
        return max((item.at for item in self.sent), default=0)

    @property
    def position(self) -> float:
        """Milliseconds that have been played; it stops at the end of what has come."""
        moved = (self._clock() - self._since) * 1000 * self.speed if self.playing else 0.0
        at = self._base + moved
        return min(at, float(self.length)) if self.run.done else at

    def control(self, do: str, value: float) -> None:
        """Play, pause, step to the next event, change the speed, or seek to a millisecond."""
        at = self.position
        if do == "play":
            self._move(0.0 if self.run.done and at >= self.length else at, playing=True)
        elif do == "pause":
            self._move(at, playing=False)
        elif do == "step":
            ahead = [item.at for item in self.sent if item.at > at]
            self._move(min(ahead, default=at), playing=False)
        elif do == "seek":
            self._move(max(0.0, min(value, float(self.length))), playing=self.playing)
        elif do == "speed":
            self._move(at, playing=self.playing)
            self.speed = max(_SLOWEST, min(value, _FASTEST))

    def _move(self, position: float, *, playing: bool) -> None:
        self._base, self._since, self.playing = position, self._clock(), playing
        self._changed.set()
        self._changed = asyncio.Event()

    def state(self) -> Mapping[str, Any]:
        """Return where it stands and what comes when, for a browser."""
        at = self.position
        ended = self.run.done and at >= self.length
        return {
            "id": self.id,
            "run": self.run.id,
            "position": round(at),
            "length": max(self.length, self.run.length),
            "playing": self.playing and not ended,
            "done": self.run.done,
            "cuts": self.cuts,
            "events": [
                {"number": number, "at": at, "name": event.name, "id": event.id, "data": event.data}
                for number, (at, event) in enumerate(self.run.events)
            ],
        }

    async def read(self, after: int) -> AsyncGenerator[Event, None]:
        """Yield what arrives after an event's id, as the position passes it; a cut ends it."""
        sent_so_far = 0
        limit = self._faults.cut if not self.cuts else 0
        while True:
            sent, at = self.sent, self.position
            due = [item for item in sent if item.at <= at]
            for item in due[sent_so_far:]:
                sent_so_far += 1
                if item.event.id <= after:
                    continue
                yield item.event
                if item.event.ends_the_page:
                    return
                if limit and sent_so_far >= limit:
                    self.cuts += 1
                    return
            if self.run.done and sent_so_far >= len(sent):
                return
            await self._wait(sent[sent_so_far].at - at if sent_so_far < len(sent) else None)

    async def _wait(self, ahead: float | None) -> None:
        """Wait until the next event is due, or something has changed."""
        if ahead is None:
            await self.run.changed()
            return
        wait = max(ahead, 1.0) / 1000 / self.speed if self.playing else None
        try:
            async with asyncio.timeout(wait):
                await self._changed.wait()
        except TimeoutError:
            return
