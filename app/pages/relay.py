"""One page, many processes: one composes it and shares what it writes, the others follow.

Who composes holds a lease. Where it lapses, or is given up, one of those who follow goes on from
what has been drawn. A process that cannot reach the others composes by itself.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from app.domain.events import LEFT, Event, SharedEvent
from app.domain.page import Component, RenderedComponent
from app.generation.job import PageJob
from app.pages.journal import PageJournal
from app.storage.errors import StorageError
from app.storage.ports import GAP, LOST, Held, SharedJournal

_PAUSE = 0.2
"""Seconds until what could not be reached is tried again."""

_SLOW = 0.25
"""Seconds that readers wait at most for what they are to see to be shared."""

_LAST_WORDS = 1.0
"""Seconds to share what has been written when the process ends."""

_NOT_FOR_THEM = "ADDRESS_LIMIT"
"""Why a page is as it is says nothing of those who follow: one of them goes on with it."""

Forget = Callable[[str, str], Awaitable[None]]
"""Forgets a shopper in a shop, in this process."""


@dataclass(slots=True)
class _Follower:
    """A page here that follows, and what has it look again who composes it."""

    job: PageJob
    over: asyncio.Event = field(default_factory=asyncio.Event)
    nudge: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class _Shared:
    """A page as it has been shared, as far as this process knows it, and who follows it here."""

    events: list[SharedEvent] = field(default_factory=list)
    followers: dict[str, _Follower] = field(default_factory=dict)
    awaited: bool = False

    @property
    def last(self) -> int:
        """The id of the last event, 0 where there is none."""
        return self.events[-1].id if self.events else 0


@dataclass(slots=True)
class _Lead:
    """A page that is composed here: how many of its events are shared, and how many that makes."""

    key: str
    job: PageJob
    sent: int
    length: int
    dirty: asyncio.Event = field(default_factory=asyncio.Event)
    failing_since: float | None = None


class Relay:
    """Shares the pages of a process's journal, if there is anything to share them in.

    `clock` gives seconds since the epoch.

    `counts` says how often pages were `taken_up` from another process, composed `alone` since the
    others could not be reached, went on `unshared` for a while, or were `lost` to another.
    """

    def __init__(self, clock: Callable[[], float], shared: SharedJournal | None = None) -> None:
        self.counts: Counter[str] = Counter()
        self.journal = PageJournal(clock)
        self._shared = shared
        self._pages: dict[str, _Shared] = {}
        self._leading: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def open(self, page_id: str, owner: str) -> None:
        """Begin the journal of a page that may be another process's."""
        self.journal.open(page_id, owner, joining=self._shared is not None)

    async def follow(self, key: str, job: PageJob) -> bool:
        """Follow the page under a key to its end; False where it is to be composed here.

        Then the journal and the job have what another process has drawn of it already.
        """
        if self._shared is None:
            return False
        page = self._pages.setdefault(key, _Shared())
        follower = page.followers[job.id] = _Follower(job)
        _catch_up(self.journal, page.events, follower)
        try:
            return await self._follow(self._shared, key, page, follower)
        finally:
            del page.followers[job.id]
            if not page.followers:
                del self._pages[key]

    async def _follow(
        self, shared: SharedJournal, key: str, page: _Shared, follower: _Follower
    ) -> bool:
        job, unreachable_since = follower.job, None
        while not follower.over.is_set():
            follower.nudge.clear()
            may_take = unreachable_since is None or not page.events
            is_new = not self.journal.events(job.id)
            try:
                held = await shared.claim(key, job.id, page.last, may_take=may_take, is_new=is_new)
            except StorageError:
                now = asyncio.get_running_loop().time()
                if unreachable_since is None:
                    unreachable_since = now
                elif not page.events or now - unreachable_since > 2 * shared.seconds:
                    self.counts["alone"] += 1
                    self.journal.begin(job.id, page.last)
                    return False
                await asyncio.sleep(_PAUSE)
                continue
            unreachable_since = None
            self._deliver(page, held.events)
            if held.ours and follower.over.is_set():
                self._later(shared.leave(key, job.id))
            elif held.ours:
                self._lead(shared, key, page, held, job)
                return False
            elif not follower.over.is_set():
                await self._await_news(shared, page, follower, held.seconds)
        return True

    async def _await_news(
        self, shared: SharedJournal, page: _Shared, follower: _Follower, seconds: float
    ) -> None:
        """Wait until the page has ended or been put down, or its lease may have lapsed."""
        if not page.awaited:
            page.awaited = True
            self._later(shared.wake())
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await follower.nudge.wait()

    def _deliver(self, page: _Shared, events: Sequence[SharedEvent]) -> None:
        """Hand over what is new of a page to all who follow it here."""
        new = [event for event in events if event.id > page.last]
        page.events += new
        for follower in page.followers.values():
            _catch_up(self.journal, new, follower)

    def _lead(
        self, shared: SharedJournal, key: str, page: _Shared, held: Held, job: PageJob
    ) -> None:
        if page.events:
            self.counts["taken_up"] += 1
        whole = held.length == len(page.events)
        sent = len(self.journal.events(job.id))
        lead = _Lead(key, job, sent if whole else 0, held.length if whole else 0)
        if not whole:
            lead.dirty.set()
        self.journal.begin(job.id, held.floor, lead.dirty.set)
        self.journal.show(job.id, sent)
        task = asyncio.create_task(self._share(shared, lead), name=f"share {job.id[:8]}")
        self._leading[job.id] = task
        task.add_done_callback(lambda _: self._leading.pop(job.id, None))
        self._keep(task)

    async def _share(self, shared: SharedJournal, lead: _Lead) -> None:
        """Share what is written of a page, and renew its lease, until the page has ended."""
        journal, page_id = self.journal, lead.job.id
        loop = asyncio.get_running_loop()
        while True:
            pause = shared.seconds / 3 if lead.failing_since is None else _PAUSE
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await lead.dirty.wait()
            lead.dirty.clear()
            if journal.owner(page_id) is None:
                return
            if _NOT_FOR_THEM in lead.job.failures:
                journal.begin(page_id)
                self._later(shared.leave(lead.key, page_id))
                return
            events = journal.events(page_id)
            ended = bool(events) and events[-1].ends_the_page
            try:
                outcome = await self._write(shared, lead, events)
            except StorageError:
                lead.failing_since = lead.failing_since or loop.time()
                self.counts["unshared"] += 1
                journal.show(page_id, len(events))
                if ended and loop.time() - lead.failing_since > shared.seconds:
                    return
                continue
            lead.failing_since = None
            if outcome == LOST:
                self._lose(lead)
                return
            if outcome == GAP:
                lead.sent, lead.length = 0, 0
                lead.dirty.set()
                continue
            lead.sent, lead.length = len(events), outcome
            journal.show(page_id, len(events))
            if ended:
                return

    async def _write(self, shared: SharedJournal, lead: _Lead, events: Sequence[Event]) -> int:
        """Write what is not shared yet. Readers do not wait for it where that takes long."""
        new = [_noted(event, lead.job) for event in events[lead.sent :]]
        write = shared.write(lead.key, lead.job.id, lead.length, new)
        writing = asyncio.ensure_future(write)
        try:
            done, _ = await asyncio.wait({writing}, timeout=_SLOW)
            if not done:
                self.journal.show(lead.job.id, len(events))
            return await writing
        finally:
            writing.cancel()

    def _lose(self, lead: _Lead) -> None:
        """Leave a page to who has taken it up; go on alone where readers have seen too much."""
        if self.journal.owner(lead.job.id) is None:
            return
        self.counts["lost"] += 1
        if self.journal.shown(lead.job.id) > lead.sent:
            self.journal.begin(lead.job.id)
        else:
            self.journal.give_up(lead.job.id)

    def leave(self, page_id: str, key: str) -> None:
        """Put down a page that is not composed to its end, for another process to take up."""
        task = self._leading.pop(page_id, None)
        if task is not None and self._shared is not None:
            task.cancel()
            self._later(self._shared.leave(key, page_id))

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

    async def forget(self, shopper_id: str, shop_id: str) -> None:
        """Have every process forget a shopper; StorageError where they cannot be told."""
        if self._shared is not None:
            await self._shared.forget(shopper_id, shop_id)

    async def run(self, forget: Forget) -> None:
        """Sweep the journal, and read what other processes share of theirs, until cancelled."""
        reading = () if self._shared is None else (self._read(self._shared, forget),)
        await asyncio.gather(self.journal.run(), *reading)

    async def _read(self, shared: SharedJournal, forget: Forget) -> None:
        """Read what there is to all pages that are followed here, in one go."""
        while True:
            positions = {key: page.last for key, page in self._pages.items() if page.awaited}
            try:
                news = await shared.news(positions)
            except StorageError:
                await asyncio.sleep(_PAUSE)
                continue
            for key, events in news.events.items():
                if key in self._pages:
                    self._deliver(self._pages[key], events)
            for shopper_id, shop_id in news.forgotten:
                await forget(shopper_id, shop_id)

    def _later(self, call: Coroutine[None, None, None]) -> None:
        """Do what nobody waits for, as far as it can be done."""

        async def run() -> None:
            with suppress(StorageError):
                await call

        self._keep(asyncio.create_task(run(), name="relay"))

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Share what has been written, as long as that takes a moment."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LAST_WORDS)
        for task in self._tasks:
            task.cancel()


def _catch_up(journal: PageJournal, events: Sequence[SharedEvent], follower: _Follower) -> None:
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
        journal.mirror(job.id, _events(new))


def _noted(event: Event, job: PageJob) -> SharedEvent:
    """Return an event with what was decided, so that others can go on from there."""
    drawn = job.drawn.get(json.loads(event.data)["slot"]) if event.name == "component" else None
    if drawn is None:
        return SharedEvent(*event)
    note = {"type": drawn.component.type, "config": drawn.component.config, "models": job.models}
    return SharedEvent(*event, json.dumps(note, ensure_ascii=False, separators=(",", ":")))


def _events(shared: Sequence[SharedEvent]) -> list[Event]:
    return [Event(it.id, it.name, it.data) for it in shared if it.name != LEFT]
