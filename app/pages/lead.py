"""Shares a page that this process composes with the others, under a lease that it renews."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING

from app.domain.events import Event, SharedEvent
from app.generation.job import PageJob
from app.pages.journal import PageJournal
from app.storage.errors import StorageError
from app.storage.ports import GAP, LOST

if TYPE_CHECKING:
    from app.storage.redis_journal import RedisJournal

PAUSE = 0.2
"""Seconds until what could not be reached is tried again."""

_SURE = 0.8
"""How much of a lease its holder relies on: it has let go before anybody else may take the page."""

_NOT_FOR_THEM = "ADDRESS_LIMIT"
"""Why a page is as it is says nothing of those who follow: one of them goes on with it."""


class Lead:
    """Shares a page under a key: what is written beyond the events that make its `length` there.

    It is the job's `lease` for as long as it has not lost it. Composing happens within `held`,
    which expires with the lease: then no model's answer is read any more. The lease was taken at
    `since`, in the event loop's seconds, or later.
    """

    def __init__(
        self,
        journal: PageJournal,
        shared: RedisJournal,
        counts: Counter[str],
        *,
        job: PageJob,
        key: str,
        length: int,
        since: float,
    ) -> None:
        self.key, self.holder, self.length = key, job.id, length
        self.dirty = asyncio.Event()
        self.held = asyncio.timeout(None)
        self._journal = journal
        self._shared = shared
        self._counts = counts
        self._job = job
        self._sent = len(journal.events(job.id)) if length else 0
        self._until = since + _SURE * shared.seconds
        job.lease = self

    async def run(self) -> None:
        """Share what is written, and renew the lease, until the page has ended or is another's."""
        journal, page_id, now = self._journal, self._job.id, asyncio.get_running_loop().time
        pause = usual = self._shared.seconds / 3
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(pause, max(0.0, self._until - now()))):
                    await self.dirty.wait()
            self.dirty.clear()
            if self._job.lease is not self or journal.owner(page_id) is None:
                return
            if _NOT_FOR_THEM in self._job.failures:
                journal.begin(page_id)
                await self.leave()
                return
            events, began = journal.events(page_id), now()
            new = [_noted(event, self._job) for event in events[self._sent :]]
            try:
                async with asyncio.timeout_at(max(self._until, began + PAUSE)):
                    outcome = await self._shared.write(self, new)
            except (StorageError, TimeoutError):
                if now() >= self._until:
                    self.lose()
                pause = PAUSE
                continue
            pause, self._until = usual, began + _SURE * self._shared.seconds
            if outcome == LOST:
                self.lose()
            elif outcome == GAP:
                self._sent = self.length = 0
                self.dirty.set()
            else:
                self._sent, self.length = len(events), outcome
                journal.show(page_id, len(events))
                if events and events[-1].ends_the_page:
                    return

    def lose(self) -> None:
        """Leave the page to who may have taken it, with what nobody has seen.

        Where readers have seen what others know nothing of, it goes on for them alone.
        """
        if self._job.lease is not self or self._journal.owner(self._job.id) is None:
            return
        self._counts["lost"] += 1
        self._end()
        self._job.alone = self._journal.shown(self._job.id) > self._sent
        self._journal.give_up(self._job.id)
        with suppress(RuntimeError):  # nothing is composed any more
            self.held.reschedule(0)

    async def leave(self) -> None:
        """Share nothing more, for another process to take the page up."""
        self._end()
        with suppress(StorageError):
            await self._shared.leave(self.key, self.holder)

    def _end(self) -> None:
        self._job.lease = None
        self.dirty.set()


def _noted(event: Event, job: PageJob) -> SharedEvent:
    """Return an event with what was decided, so that others can go on from there."""
    drawn = job.drawn.get(json.loads(event.data)["slot"]) if event.name == "component" else None
    if drawn is None:
        return SharedEvent(*event)
    note = {"type": drawn.component.type, "config": drawn.component.config, "models": job.models}
    return SharedEvent(*event, json.dumps(note, ensure_ascii=False, separators=(",", ":")))
