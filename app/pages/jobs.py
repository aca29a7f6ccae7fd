"""Pages being composed: each once however many ask for it, in the background, and to its end."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple, Protocol

from app.domain.events import Event, EventName
from app.domain.page import StoredPage
from app.generation.generator import compose, error_data
from app.generation.job import GeneratorDeps, PageJob
from app.generation.trace import Trace
from app.pages.cache import PageCache
from app.pages.shells import ShopView
from app.personas.cache import KnownShopper
from app.storage.db.rows import Generation
from app.storage.db.write_behind import WriteBehind

log = logging.getLogger("wandstore.pages")

Batches = AsyncGenerator[tuple[Event, ...], None]
"""A page's events as they come."""

_MOST_TRACES = 200
_MOST_LATEST = 2_000


class ReadableJournal(Protocol):
    """The journal, as its keeper uses it."""

    def open(self, page_id: str, owner: str) -> None: ...

    def owner(self, page_id: str) -> str | None: ...

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None: ...

    def events(self, page_id: str) -> tuple[Event, ...]: ...

    def discard(self, page_id: str) -> None: ...

    def contains(self, page_id: str, event_id: int) -> bool: ...

    def read(self, page_id: str, after: int) -> Batches: ...


class AtCapacity(Exception):
    """As many pages are being composed, and are waiting to be, as there may be."""


class Capacity(NamedTuple):
    """How many pages are composed at once, and how many more may wait their turn."""

    max_concurrent_pages: int = 100
    max_queued_pages: int = 400


class PageRequest(NamedTuple):
    """A page to be composed: whose, in which shop, and which slots (all where it names none).

    `base` is the page they have, whose other slots stay as they are. `address` is the client's
    where the shopper is new. `force` asks anew although a decision is known.
    """

    shopper: KnownShopper
    shop_view: ShopView
    address: str = ""
    wanted: tuple[str, ...] = ()
    base: StoredPage | None = None
    force: bool = False


class RunningJob(NamedTuple):
    """A page on its way, and the task that composes it."""

    page: PageJob
    task: asyncio.Task[None]


class PageJobs:
    """Starts and ends the composing of pages. `traces` are those of the latest ones."""

    def __init__(
        self,
        workshop: GeneratorDeps,
        journal: ReadableJournal,
        kept: PageCache,
        recorder: WriteBehind,
        capacity: Capacity,
    ) -> None:
        self.traces: OrderedDict[str, Trace] = OrderedDict()
        self._workshop = workshop
        self._journal = journal
        self._kept = kept
        self._recorder = recorder
        self._capacity = capacity
        self._places = asyncio.Semaphore(capacity.max_concurrent_pages)
        self._pages: dict[str, RunningJob] = {}
        self._latest: OrderedDict[str, str] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def take_up(self, workshop: GeneratorDeps) -> None:
        """Compose with this workshop from now on; those under way end with their own."""
        self._workshop = workshop

    def running(self, name: str) -> RunningJob | None:
        """Return the page that is being composed under this key, if one is."""
        return self._pages.get(name)

    def resumable(self, name: str, after: int) -> str | None:
        """Return the page last composed under this key if `after` is one of its events.

        Its reader gets the rest of it, whether or not it has ended since.
        """
        page_id = self._latest.get(name, "")
        return page_id if self._journal.contains(page_id, after) else None

    @property
    def has_spare_capacity(self) -> bool:
        """Whether a page would be composed at once, with half of all places left to visitors."""
        return 2 * len(self._pages) < self._capacity.max_concurrent_pages

    def start(self, order: PageRequest, clock: Callable[[], float]) -> RunningJob:
        """Begin composing unless that is under way.

        Raises:
            AtCapacity: there is no place left, not even to wait.
        """
        known = order.shopper
        running = self.running(known.page_key)
        if running is not None:
            return running
        if (
            len(self._pages)
            >= self._capacity.max_concurrent_pages + self._capacity.max_queued_pages
        ):
            raise AtCapacity
        page = self._new_page(order, clock)
        self._journal.open(page.id, known.shopper.id)
        self._remember(known.page_key, page.id)
        task = asyncio.create_task(self._run(page, known.page_key), name=f"compose {page.id[:8]}")
        self._pages[known.page_key] = started = RunningJob(page, task)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return started

    async def drain(self, seconds: float) -> None:
        """Let composing pages finish for so long, then end them; nothing half-made is kept."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0)

    def _remember(self, name: str, page_id: str) -> None:
        self._latest[name] = page_id
        self._latest.move_to_end(name)
        while len(self._latest) > _MOST_LATEST:
            self._latest.popitem(last=False)

    def _new_page(self, order: PageRequest, clock: Callable[[], float]) -> PageJob:
        page_id = secrets.token_urlsafe(16)
        known, counter, base = order.shopper, order.shop_view, order.base
        persona = known.shopper.persona
        trace = Trace(page_id, counter.shop.id, persona.type, clock)
        self.traces[page_id] = trace
        while len(self.traces) > _MOST_TRACES:
            self.traces.popitem(last=False)
        page = PageJob(
            page_id, known.key, counter.shop, persona, counter.content, counter.fallbacks, trace
        )
        page.wanted, page.force, page.address = order.wanted, order.force, order.address
        if base is not None:
            page.base = [item for item in base.components if item.slot not in order.wanted]
            page.base_model = base.model
        return page

    async def _run(self, page: PageJob, name: str) -> None:
        """Compose a page. A page may fail and the shop may not: the one broad except is here."""
        generation = _begun(page, name)
        self._recorder.generation(generation)
        try:
            async with self._places:
                await compose(page, self._workshop, partial(self._kept.put, name))
        except asyncio.CancelledError:
            page.trace.status = "interrupted"
            self._journal.discard(page.id)
            raise
        except Exception as error:
            log.exception("page %s failed", page.id[:8])
            page.failed = "CONTAINER_ERROR"
            page.trace.status = "error"
            page.trace.note("failed", "CONTAINER_ERROR", type(error).__name__)
            self._journal.append(page.id, [("error", error_data("CONTAINER_ERROR"))])
        finally:
            self._pages.pop(name, None)
            self._recorder.generation(_ended(generation, page.trace.status))
            log.info("%s", json.dumps({"event": "page", **page.trace.summary()}))


def stamp() -> str:
    """Return the time, as records state it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _begun(page: PageJob, name: str) -> Generation:
    key = page.key
    return Generation(page.id, key.shopper_id, key.persona_hash, "pending", name, stamp())


def _ended(begun: Generation, status: str) -> Generation:
    good = status in ("success", "partial")
    return Generation(
        begun.id,
        begun.shopper_id,
        begun.persona_hash,
        "completed" if good else "failed",
        begun.kv_key,
        begun.started_at,
        stamp(),
        None if good else status,
    )
