"""Has one of several processes compose a page, and the others follow what it writes.

Who composes holds a lease. Where it lapses, or is given up, one of those who follow goes on from
what has been drawn. A process that cannot reach the others composes by itself, and pays nobody.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.domain.events import LEFT, Event, SharedEvent
from app.domain.page import Component, RenderedComponent
from app.generation.job import PageJob
from app.pages.journal import PageJournal
from app.pages.lead import PAUSE, Lead
from app.storage.errors import NO_ANSWER, StorageError
from app.storage.ports import Held
from app.util.tasks import Tasks

if TYPE_CHECKING:
    from app.storage.redis_journal import RedisJournal

_LAST_WORDS = 1.0
"""Seconds to share what has been written when the process ends."""


@dataclass(slots=True, eq=False, repr=False)
class _Follower:
    """A page here that follows, and what has it look again who composes it."""

    job: PageJob
    over: asyncio.Event = field(default_factory=asyncio.Event)
    nudge: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True, eq=False, repr=False)
class _SharedPage:
    """A page as it has been shared, as far as this process knows it, and who follows it here."""

    key: str
    journal: PageJournal
    events: list[SharedEvent] = field(default_factory=list)
    followers: dict[str, _Follower] = field(default_factory=dict)
    awaited: bool = False

    @property
    def last(self) -> int:
        """The id of the last event, 0 where there is none."""
        return self.events[-1].id if self.events else 0

    def join(self, job: PageJob) -> _Follower:
        """Have a job follow, and know all there is."""
        follower = self.followers[job.id] = _Follower(job)
        self._catch_up(follower, self.events)
        return follower

    def deliver(self, events: Sequence[SharedEvent]) -> None:
        """Hand over what is new to all who follow."""
        new = [event for event in events if event.id > self.last]
        self.events += new
        for follower in self.followers.values():
            self._catch_up(follower, new)

    def _catch_up(self, follower: _Follower, events: Sequence[SharedEvent]) -> None:
        """Hand events to a page that follows, with what was decided, up to the page's end."""
        job, new = follower.job, []
        for event in events:
            if follower.over.is_set():
                break
            new.append(event)
            if event.note:
                note, payload = json.loads(event.note), json.loads(event.data)
                component = Component(note["type"], payload["slot"], note["config"])
                job.drawn[component.slot] = RenderedComponent(component, payload["html"])
                job.models = note["models"]
            if event.ends_the_page:
                follower.over.set()
            if event.ends_the_page or event.name == LEFT:
                follower.nudge.set()
        if new:
            self.journal.mirror(job.id, _events(new))


class Relay:
    """Shares the pages of a process's journal, if there is anything to share them in.

    `clock` gives seconds since the epoch.

    `counts` says how often pages were `taken_up` from another process, composed `alone` since the
    others could not be reached, or `lost` since they could not be reached or had the page.
    """

    def __init__(self, clock: Callable[[], float], shared: RedisJournal | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.journal = PageJournal(clock)
        self._shared = shared
        self._pages: dict[str, _SharedPage] = {}
        self._leads: set[Lead] = set()
        self._settled = asyncio.Event()
        self._settled.set()
        self._tasks = Tasks()

    def open(self, page_id: str, owner: str) -> None:
        """Begin the journal of a page that may be another process's."""
        self.journal.open(page_id, owner, joining=self._shared is not None)

    async def follow(self, key: str, job: PageJob) -> asyncio.Timeout | None:
        """Follow the page under a key to its end; or return what it is to be composed within here.

        Then the journal and the job have what another process has drawn of it already. It expires
        as soon as another process may have the page, whose rest is to be followed.
        """
        if self._shared is None:
            return asyncio.timeout(None)
        if job.alone:
            return self._alone(job)
        page = self._pages.setdefault(key, _SharedPage(key, self.journal))
        follower = page.join(job)
        try:
            return await self._follow(self._shared, page, follower)
        finally:
            del page.followers[job.id]
            if not page.followers:
                del self._pages[key]

    async def _follow(
        self, shared: RedisJournal, page: _SharedPage, follower: _Follower
    ) -> asyncio.Timeout | None:
        job, unreachable_since = follower.job, None
        while not follower.over.is_set():
            follower.nudge.clear()
            settled = self._settled.is_set()
            is_new = not job.began and not self.journal.events(job.id)
            now = asyncio.get_running_loop().time()
            try:
                held = await shared.claim(
                    page.key, job.id, page.last, may_take=settled, is_new=is_new
                )
            except StorageError:
                if unreachable_since is None:
                    unreachable_since = now
                elif not page.events or now - unreachable_since > 2 * shared.seconds:
                    return self._alone(job, page.last)
                await asyncio.sleep(PAUSE)
                continue
            unreachable_since = None
            page.deliver(held.events)
            if held.ours and follower.over.is_set():
                self._later(shared.leave(page.key, job.id))
            elif held.ours:
                return self._lead(shared, page, job, held, now)
            elif not follower.over.is_set():
                seconds = held.seconds if settled else PAUSE
                await self._await_news(shared, page, follower, seconds)
        return None

    async def _await_news(
        self, shared: RedisJournal, page: _SharedPage, follower: _Follower, seconds: float
    ) -> None:
        """Wait until the page has ended or been put down, or its lease may have lapsed."""
        if not page.awaited:
            page.awaited = True
            self._later(shared.wake())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await follower.nudge.wait()

    def _alone(self, job: PageJob, floor: int = 0) -> asyncio.Timeout:
        """Compose a page for its readers here. It has no lease, so no model is paid for it."""
        self.counts["alone"] += 1
        self.journal.begin(job.id, floor)
        return asyncio.timeout(None)

    def _lead(
        self, shared: RedisJournal, page: _SharedPage, job: PageJob, held: Held, since: float
    ) -> asyncio.Timeout:
        """Compose a page here, and share it."""
        if page.events:
            self.counts["taken_up"] += 1
        whole = held.length == len(page.events)
        sent = len(self.journal.events(job.id))
        lead = Lead(
            self.journal,
            shared,
            self.counts,
            job=job,
            key=page.key,
            length=len(page.events) if whole else 0,
            since=since,
        )
        if not whole:
            lead.dirty.set()
        self.journal.begin(job.id, held.floor, lead.dirty.set)
        self.journal.show(job.id, sent)
        self._leads.add(lead)
        task = self._tasks.start(lead.run(), f"share {job.id[:8]}")
        task.add_done_callback(lambda _: self._leads.discard(lead))
        return lead.held

    def leave(self, job: PageJob) -> None:
        """Put down a page that is not composed to its end, for another process to take up."""
        if job.lease is not None:
            self._later(job.lease.leave())

    async def ended(self, key: str, after: int) -> list[Event] | None:
        """Return the events of a page that has ended elsewhere, if this is one of them."""
        if self._shared is None or not after:
            return None
        try:
            shared = await self._shared.events(key)
        except StorageError:
            return None
        known = any(event.id == after for event in shared)
        return _events(shared) if known and shared[-1].ends_the_page else None

    async def run(self) -> None:
        """Sweep the journal, and read what other processes share of theirs, until cancelled."""
        reading = () if self._shared is None else (self._read(self._shared),)
        await asyncio.gather(self.journal.run(), *reading)

    async def _read(self, shared: RedisJournal) -> None:
        """Read what there is to all pages that are followed here, in one go.

        Where that cannot be done leases may be forgotten: pages that are composed here are shared
        again as soon as they can be, and no other is taken before all processes have done so, or
        have given their pages up.
        """
        while True:
            positions = {key: page.last for key, page in self._pages.items() if page.awaited}
            try:
                news = await shared.news(positions)
            except StorageError as error:
                if error.reason != NO_ANSWER:  # who is silent has forgotten nothing
                    self._settled.clear()
                    for lead in self._leads:
                        lead.dirty.set()
                await asyncio.sleep(PAUSE)
                continue
            if not self._settled.is_set():
                asyncio.get_running_loop().call_later(shared.seconds, self._settled.set)
            for key, events in news.items():
                if key in self._pages:
                    self._pages[key].deliver(events)

    def _later(self, call: Coroutine[None, None, None]) -> None:
        """Do what nobody waits for, as far as it can be done."""

        async def run() -> None:
            with suppress(StorageError):
                await call

        self._tasks.start(run(), "relay")

    async def aclose(self) -> None:
        """Share what has been written, as long as that takes a moment."""
        await self._tasks.end(_LAST_WORDS)


def _events(shared: Sequence[SharedEvent]) -> list[Event]:
    return [Event(it.id, it.name, it.data) for it in shared if it.name != LEFT]
