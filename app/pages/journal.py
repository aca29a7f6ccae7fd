"""The journal: what has happened to each page being composed, for any number of readers.

A reader holds a position and nothing else, so a slow or vanished one costs no memory here and never
delays the composing or another reader. Everything is bounded: events a page, pages, and time kept.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.events import Event, EventName


class JournalFull(Exception):
    """The page has written more events than a page may have."""


class PageTaken(Exception):
    """Another process composes the page: nothing more is written here."""


class JournalLimits(NamedTuple):
    """Bounds in numbers of entries and in seconds."""

    events: int = 256
    pages: int = 2_000
    keep_ended: float = 300.0


_SWEPT_EVERY = 30.0


Publish = Callable[[], None]
"""Has what was written shared with other processes, and shown to readers then."""


@dataclass(slots=True, eq=False, repr=False)
class _Log:
    """The events of a page, of which readers see those that are `shown`.

    One that is `joining` may be another process's page, and does not know its events yet. Its
    `own` events are its owner's alone, and no other process's.
    """

    owner: str
    joining: bool
    own: tuple[Event, ...] = ()
    events: list[Event] = field(default_factory=list)
    shown: int = 0
    publish: Publish | None = None
    taken: bool = False
    ended_at: float | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class PageJournal:
    """The journal of one process, which counts its `readers`.

    Event ids are microseconds since the epoch, made to grow.

    Ids of a page that is composed anew, even by another process, are therefore greater than
    those of the page it replaces, and a returning reader sees all of the new one.
    """

    def __init__(self, clock: Callable[[], float], limits: JournalLimits = JournalLimits()) -> None:
        self._clock = clock
        self._limits = limits
        self._logs: OrderedDict[str, _Log] = OrderedDict()
        self._last_id = 0
        self.readers = 0

    def open(self, page_id: str, owner: str, *, joining: bool = False) -> None:
        """Begin the journal of a page that only `owner` may read."""
        self.sweep()
        self._logs[page_id] = _Log(owner, joining)

    def begin(self, page_id: str, floor: int = 0, publish: Publish | None = None) -> None:
        """Compose a page here from now on, with ids beyond a floor.

        Where it is published, readers see what has been shared, so that they never see more than
        whoever would have to go on with the page.
        """
        self._last_id = max(self._last_id, floor)
        log = self._logs[page_id]
        log.joining, log.taken, log.publish = False, False, publish
        self.show(page_id, 0 if publish else len(log.events))

    def begin_with(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        """Have readers see these entries before all others: with the smallest ids."""
        self._logs[page_id].own = tuple(Event(at, *entry) for at, entry in enumerate(entries, 1))

    def mirror(self, page_id: str, events: Iterable[Event]) -> None:
        """Take over what another process has written, as far as it is new.

        Readers see it, but for the last word: that is for the page's own process to say.
        """
        log = self._logs.get(page_id)
        if log is None:
            return
        last = log.events[-1].id if log.events else 0
        for event in events:
            if event.id > last:
                log.events.append(event)
                log.ended_at = self._clock() if event.ends_the_page else None
        log.joining = False
        self.show(page_id, len(log.events) - (log.ended_at is not None))

    def show(self, page_id: str, number: int) -> None:
        """Let readers see so many events, or as many as they saw already."""
        log = self._logs.get(page_id)
        if log is not None:
            log.shown = max(log.shown, number)
            self._wake(log)

    def shown(self, page_id: str) -> int:
        """Return how many events readers see."""
        return self._logs[page_id].shown

    def give_up(self, page_id: str) -> None:
        """Write nothing more of a page that is another process's now, nor what nobody has seen."""
        log = self._logs.get(page_id)
        if log is not None:
            del log.events[log.shown :]
            log.taken, log.publish, log.ended_at = True, None, None
            self._wake(log)

    async def settled(self, page_id: str) -> bool:
        """Wait until readers see all that was written; False where another process has the page."""
        log = self._logs[page_id]
        while not log.taken and log.shown < len(log.events):
            await log.changed.wait()
        return not log.taken

    def owner(self, page_id: str) -> str | None:
        """Return who may read the page, or None where no such journal is kept."""
        log = self._logs.get(page_id)
        return log.owner if log else None

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        """Write entries (name, JSON data) at once; readers wake once.

        Raises:
            JournalFull: the page has had its share. Its last entry may still be `ready` or `error`.
            PageTaken: another process composes it.
        """
        log = self._logs[page_id]
        if log.taken:
            raise PageTaken(page_id)
        log.joining = False
        for name, data in entries:
            self._last_id = max(self._last_id + 1, int(self._clock() * 1_000_000))
            event = Event(self._last_id, name, data)
            if len(log.events) >= self._limits.events and not event.ends_the_page:
                raise JournalFull(page_id)
            log.events.append(event)
            if event.ends_the_page:
                log.ended_at = self._clock()
        if log.publish is not None:
            log.publish()
        else:
            self.show(page_id, len(log.events))

    def discard(self, page_id: str) -> None:
        """End a page's journal without a last word: its readers return and resume elsewhere."""
        log = self._logs.pop(page_id, None)
        if log is not None:
            del log.events[log.shown :]
            log.joining, log.ended_at = False, self._clock()
            self._wake(log)

    def discard_all_of(self, owner: str) -> None:
        """End the journals of a shopper's pages, and keep none of them."""
        for page_id in [page_id for page_id, log in self._logs.items() if log.owner == owner]:
            self.discard(page_id)

    def events(self, page_id: str) -> tuple[Event, ...]:
        """Return what has been written so far."""
        return tuple(self._logs[page_id].events)

    def contains(self, page_id: str, event_id: int) -> bool:
        """Say whether an event is one of the page's, so a reader who saw it can resume there."""
        log = self._logs.get(page_id)
        if log is None:
            return False
        position = bisect_left(log.events, event_id, key=lambda event: event.id)
        return position < len(log.events) and log.events[position].id == event_id

    async def read(self, page_id: str, after: int) -> AsyncGenerator[tuple[Event, ...], None]:
        """Yield the events after an id as they come, in batches, until the page has ended."""
        log = self._logs.get(page_id)
        if log is None:
            return
        self.readers += 1
        try:
            while log.joining:
                await log.changed.wait()
            position = bisect_right(log.events, after, key=lambda event: event.id)
            while True:
                own, batch = log.own[after:], tuple(log.events[position : log.shown])
                if batch:
                    after, position = max(after, len(log.own)), position + len(batch)
                    yield own + batch
                elif log.ended_at is not None and log.shown >= len(log.events):
                    return
                else:
                    await log.changed.wait()
        finally:
            self.readers -= 1

    @staticmethod
    def _wake(log: _Log) -> None:
        log.changed.set()
        log.changed = asyncio.Event()

    async def run(self) -> None:
        """Sweep now and then, for as long as this runs."""
        while True:
            await asyncio.sleep(_SWEPT_EVERY)
            self.sweep()

    def sweep(self) -> None:
        """Drop what ended long ago, and the oldest ended ones where there are too many."""
        horizon = self._clock() - self._limits.keep_ended
        excess = len(self._logs) - self._limits.pages + 1
        for page_id, log in list(self._logs.items()):
            if log.ended_at is not None and (log.ended_at < horizon or excess > 0):
                del self._logs[page_id]
                excess -= 1
            elif excess <= 0:
                break
