"""A page that is composed here for all processes: what is written of it is shared by a lease."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from app.domain.events import Event, SharedEvent
from app.generation.job import PageJob
from app.pages.journal import PageJournal
from app.storage.errors import StorageError
from app.storage.ports import GAP, LOST, SharedJournal

PAUSE = 0.2
"""Seconds until what could not be reached is tried again."""

_SLOW = 0.25
"""Seconds that readers wait at most for what they are to see to be shared."""

_NOT_FOR_THEM = "ADDRESS_LIMIT"
"""Why a page is as it is says nothing of those who follow: one of them goes on with it."""


class Lead:
    """Shares a page under a key: what is written beyond the events that make its `length` there.

    It is the job's `lease` for as long as it has not lost it. Where nobody could be reached readers
    see the page `unshared` until somebody can be.
    """

    def __init__(
        self,
        journal: PageJournal,
        shared: SharedJournal,
        counts: Counter[str],
        *,
        job: PageJob,
        key: str,
        length: int,
        unshared: bool,
    ) -> None:
        self.key, self.holder, self.length = key, job.id, length
        self.dirty = asyncio.Event()
        self._journal = journal
        self._shared = shared
        self._counts = counts
        self._job = job
        self._sent = len(journal.events(job.id)) if length else 0
        self._failing_since = asyncio.get_running_loop().time() if unshared else None
        job.lease = self

    async def run(self) -> None:
        """Share what is written, and renew the lease, until the page has ended or is another's."""
        journal, page_id = self._journal, self._job.id
        while True:
            pause = self._shared.seconds / 3 if self._failing_since is None else PAUSE
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self.dirty.wait()
            self.dirty.clear()
            if self._job.lease is not self or journal.owner(page_id) is None:
                return
            if _NOT_FOR_THEM in self._job.failures:
                journal.begin(page_id)
                await self.leave()
                return
            events = journal.events(page_id)
            ended = bool(events) and events[-1].ends_the_page
            try:
                outcome = await self._write(events)
            except StorageError:
                journal.show(page_id, len(events))
                if self._has_failed_for_long() and ended:
                    return
                continue
            self._failing_since = None
            if outcome == LOST:
                if not ended or journal.shown(page_id) < len(events):
                    self.lose()
                return
            if outcome == GAP:
                self._sent = self.length = 0
                self.dirty.set()
                continue
            self._sent, self.length = len(events), outcome
            journal.show(page_id, len(events))
            if ended:
                return

    def lose(self) -> None:
        """Leave the page to who has taken it up; go on alone where readers have seen too much."""
        if self._job.lease is not self or self._journal.owner(self._job.id) is None:
            return
        self._counts["lost"] += 1
        self._end()
        if self._journal.shown(self._job.id) > self._sent:
            self._journal.begin(self._job.id)
        else:
            self._journal.give_up(self._job.id)

    async def leave(self) -> None:
        """Share nothing more, for another process to take the page up."""
        self._end()
        with suppress(StorageError):
            await self._shared.leave(self.key, self.holder)

    def _end(self) -> None:
        self._job.lease = None
        self.dirty.set()

    def _has_failed_for_long(self) -> bool:
        """Note that nothing could be shared; say whether that has been so for a lease's time."""
        now = asyncio.get_running_loop().time()
        if self._failing_since is None:
            self._counts["unshared"] += 1
            self._failing_since = now
        return now - self._failing_since > self._shared.seconds

    async def _write(self, events: Sequence[Event]) -> int:
        """Write what is not shared yet. Readers do not wait for it where that takes long."""
        new = [_noted(event, self._job) for event in events[self._sent :]]
        writing = asyncio.ensure_future(self._shared.write(self, new))
        try:
            done, _ = await asyncio.wait({writing}, timeout=_SLOW)
            if not done:
                self._journal.show(self._job.id, len(events))
            return await writing
        finally:
            writing.cancel()


def _noted(event: Event, job: PageJob) -> SharedEvent:
    """Return an event with what was decided, so that others can go on from there."""
    drawn = job.drawn.get(json.loads(event.data)["slot"]) if event.name == "component" else None
    if drawn is None:
        return SharedEvent(*event)
    note = {"type": drawn.component.type, "config": drawn.component.config, "models": job.models}
    return SharedEvent(*event, json.dumps(note, ensure_ascii=False, separators=(",", ":")))
