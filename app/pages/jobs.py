"""Runs the composing of pages in the background: once for all who ask, and to its end."""

import asyncio
import json
import logging
import secrets
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from app.domain.events import Event
from app.domain.network import Client, rate_limit_key
from app.domain.page import StoredPage
from app.generation.events import error_event
from app.generation.generator import Generator, Store
from app.generation.job import PageJob
from app.generation.trace import Trace
from app.pages.cache import PageCache, shared_key
from app.pages.instruments import Instruments, measure
from app.pages.journal import PageTaken
from app.pages.relay import Relay
from app.pages.shells import ShopView
from app.pages.site import LiveSite
from app.personas.cache import KnownShopper
from app.personas.key import arm_in
from app.storage.db.rows import Generation, stamp
from app.storage.db.write_behind import WriteBehind
from app.storage.rates import Places
from app.util.latest import Latest
from app.util.tasks import Tasks
from app.util.turns import Turns

log = logging.getLogger("wandstore.pages")

Batches = AsyncGenerator[tuple[Event, ...], None]
"""A page's events as they come."""

_MOST_TRACES = 200
_MOST_LATEST = 2_000
_SHARE_OF_NEW = 0.75
"""Of all places: the rest is for shoppers who return, who are not as cheap to invent."""


class AtCapacity(Exception):
    """No more pages can be composed just now; the message says what stands in the way."""


class Capacity(NamedTuple):
    """How many pages are composed at once, and how many more may wait their turn.

    New shoppers have three quarters of them together. None is begun while the event loop is late by
    more than `max_lag` seconds, which `lag` measures.
    """

    max_concurrent_pages: int = 100
    max_queued_pages: int = 400
    max_lag: float = 0.5
    lag: Callable[[], float] = lambda: 0.0

    @property
    def places(self) -> int:
        """Pages that may be on their way."""
        return self.max_concurrent_pages + self.max_queued_pages


class PageRequest(NamedTuple):
    """A page to be composed: whose, in which shop, and which slots (all where it names none).

    `base` is what was decided before, whose other slots stay as they are. `client` is for whom it
    is, as limits count it. `force` asks anew although a page is known. Of a page `for_all` only
    what all of the shopper's kind share is kept, under the shopper's page key.
    """

    shopper: KnownShopper
    view: ShopView
    client: Client = Client()
    wanted: tuple[str, ...] = ()
    base: StoredPage | None = None
    force: bool = False
    for_all: bool = False


class RunningJob(NamedTuple):
    """A page on its way, and the task that composes it."""

    job: PageJob
    task: asyncio.Task[None]


class PageJobs:
    """Starts and ends the generating of pages. `traces` are those of the latest ones.

    `counts` says why pages were not begun. Who has `turns` ahead is answered before one is begun. A
    client's address has as many `places` as it may have pages on their way.
    """

    def __init__(
        self,
        site: LiveSite,
        relay: Relay,
        cache: PageCache,
        records: WriteBehind,
        *,
        capacity: Capacity,
        places: Places,
        instruments: Instruments,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.turns = Turns()
        self.traces: Latest[str, Trace] = Latest(_MOST_TRACES)
        self._site = site
        self._relay = relay
        self._journal = relay.journal
        self._cache = cache
        self._records = records
        self._capacity = capacity
        self._instruments = instruments
        self._places = places
        self._room = asyncio.Semaphore(capacity.max_concurrent_pages)
        self._jobs: dict[str, RunningJob] = {}
        self._latest: Latest[str, str] = Latest(_MOST_LATEST)
        self._tasks = Tasks()

    def running(self, page_key: str) -> RunningJob | None:
        """Return the page that is being composed under this key, if one is."""
        return self._jobs.get(page_key)

    async def resumable(self, request: PageRequest, after: int) -> str | None:
        """Return the page last composed for a shopper if `after` is one of its events.

        Its reader gets the rest of it, whether or not it has ended since, here or elsewhere.
        """
        page_key = request.shopper.page_key
        page_id = self._latest.get(page_key, "")
        if self._journal.contains(page_id, after):
            return page_id
        ended = await self._relay.ended(self._shared_as(request), after)
        if ended is None:
            return None
        page_id = secrets.token_urlsafe(16)
        self._journal.open(page_id, request.shopper.shopper.id)
        self._journal.mirror(page_id, ended)
        self._journal.show(page_id, len(ended))
        self._latest[page_key] = page_id
        return page_id

    @property
    def under_way(self) -> tuple[int, int]:
        """How many pages are being composed, and how many wait for their turn."""
        composing = min(len(self._jobs), self._capacity.max_concurrent_pages)
        return composing, len(self._jobs) - composing

    @property
    def has_spare_capacity(self) -> bool:
        """Whether a page would be composed at once, with half of all places left to visitors."""
        return 2 * len(self._jobs) < self._capacity.max_concurrent_pages

    async def start(self, request: PageRequest) -> RunningJob:
        """Begin composing unless that is under way.

        Raises:
            AtCapacity: there is no place left for this client, not even to wait.
        """
        page_key, page_id = request.shopper.page_key, secrets.token_urlsafe(16)
        if running := self.running(page_key):
            return running
        address = rate_limit_key(request.client.address) if request.client.address else ""
        reason = self._reason_to_refuse(request.client)
        if not reason and not await self._places.enter(address, page_id):
            reason = "no_place_for_address"
        elif not reason and (reason := self._reason_to_refuse(request.client)):
            self._places.leave(address, page_id)  # others came while we asked for a place
        if reason:
            self.counts[reason] += 1
            raise AtCapacity(reason)
        if running := self.running(page_key):  # it was begun while we asked for a place
            self._places.leave(address, page_id)
            return running
        job = self._new_job(page_id, request)
        self._relay.open(job.id, request.shopper.shopper.id)
        self._latest[page_key] = job.id
        task = self._tasks.start(self._run(job, request), f"compose {job.id[:8]}")
        self._jobs[page_key] = started = RunningJob(job, task)
        task.add_done_callback(lambda _: self._places.leave(address, page_id))
        return started

    def _reason_to_refuse(self, client: Client) -> str:
        """Return why no page is begun for a client, empty where nothing speaks against it."""
        capacity = self._capacity
        places = capacity.places * _SHARE_OF_NEW if client.new else capacity.places
        if len(self._jobs) >= places:
            return "no_place"
        return "too_late" if capacity.lag() > capacity.max_lag else ""

    async def end_all_of(self, shopper_id: str) -> None:
        """End the pages that are being composed for a shopper; nothing half-made is kept."""
        theirs = [it.task for it in self._jobs.values() if it.job.key.shopper_id == shopper_id]
        for task in theirs:
            task.cancel()
        if theirs:
            await asyncio.wait(theirs)

    async def drain(self, seconds: float) -> None:
        """Let composing pages finish for so long, then end them; nothing half-made is kept."""
        await self._tasks.end(seconds)

    def _new_job(self, page_id: str, request: PageRequest) -> PageJob:
        view, base = request.view, request.base
        persona = request.shopper.shopper.persona
        shop, fallbacks = view.steered_for(persona.type, pins=request.shopper.arm.pins)
        clock = self._instruments.clock
        trace = self.traces[page_id] = Trace(page_id, view.shop.id, persona.type, clock)
        decided = base.components if base is not None else ()
        return PageJob(
            page_id,
            request.shopper.key,
            shop,
            persona,
            view.content,
            fallbacks,
            trace,
            request.wanted or self._site.current.content.library.plan.slots,
            base=[item for item in decided if item.slot not in request.wanted],
            base_model=base.model if base is not None else "",
            client=request.client,
            valid_until=view.valid_until,
        )

    async def _run(self, job: PageJob, request: PageRequest) -> None:
        """Compose a page. A page may fail and the shop may not: the one broad except is here."""
        key, page_key = job.key, request.shopper.page_key
        generation = Generation(
            job.id, key.shopper_id, key.persona_hash, "pending", page_key, stamp(self._site.now())
        )
        self._record(generation, request)
        try:
            async with self._instruments.span(job.trace):
                await self._compose(job, request)
        except asyncio.CancelledError:
            job.trace.status = "interrupted"
            self._relay.leave(job)
            self._journal.discard(job.id)
            raise
        except Exception as error:
            log.exception("page %s failed", job.id[:8])
            job.failed = "CONTAINER_ERROR"
            job.trace.status = "error"
            job.trace.note("failed", "CONTAINER_ERROR", type(error).__name__)
            language = self._site.current.renderer.language(request.view.shop)
            with suppress(PageTaken):
                self._journal.append(job.id, [error_event("CONTAINER_ERROR", language)])
        finally:
            self._jobs.pop(page_key, None)
            self._record(_ended(generation, job, self._site.now()), request)
            log.info({"event": "page", **job.trace.summary()})
            measure(job.trace, self._instruments.metrics)

    async def _compose(self, job: PageJob, request: PageRequest) -> None:
        """Compose a page, or follow it while another process does.

        It is stored once the processes have it: then nobody else has taken it up meanwhile.
        """
        page_key = request.shopper.page_key
        keep = partial(self._cache.put, page_key, for_all=request.for_all)
        key = self._shared_as(request)
        generator = self._site.current.generator_of(arm_in(job.key.persona_hash))
        await generator.begin(job)

        async def store(page: StoredPage, ttl: int, shared: tuple[StoredPage, int] | None) -> bool:
            if not await self._journal.settled(job.id):
                raise PageTaken(job.id)
            return await keep(page, ttl, shared)

        while held := await self._relay.follow(key, job):
            with suppress(PageTaken):
                try:
                    async with held, self._room:
                        await self.turns.turn()
                        if not request.force and request.base is None:
                            await self._begin_with_shared(job, request)
                        await generator.compose(job, store)
                        if await self._journal.settled(job.id):
                            return
                except TimeoutError:
                    if not held.expired():
                        raise
            events = self._journal.events(job.id)
            kept = {json.loads(it.data)["slot"] for it in events if it.name == "component"}
            job.drawn = {slot: it for slot, it in job.drawn.items() if slot in kept}
        await self._adopt(job, generator, keep)

    async def _adopt(self, job: PageJob, generator: Generator, store: Store) -> None:
        """End a page as the process that composed it did; readers see the end after that."""
        events = self._journal.events(job.id)
        if events[-1].name == "error":
            job.failed, job.trace.status = json.loads(events[-1].data)["code"], "error"
        else:
            await generator.adopt(job, store)
        self._journal.show(job.id, len(events))

    def _shared_as(self, request: PageRequest) -> str:
        """Return the key under which processes share a page: its kind's, or the page's own."""
        known, view = request.shopper, request.view
        as_usual = not (request.force or request.wanted or request.base or request.for_all)
        if as_usual and self._cache.is_shared(known.key.persona_hash):
            return f"{shared_key(view.shop.id, known.key.persona_hash)}@{view.edition}"
        return known.page_key

    def _record(self, generation: Generation, request: PageRequest) -> None:
        if request.client.recorded:
            self._records.generation(generation)

    async def _begin_with_shared(self, job: PageJob, request: PageRequest) -> None:
        """Begin with what was decided for others like this shopper, as far as that is known.

        Where it could not be read whether there is a page of their own, it is looked for again.
        """
        view, kind, shared = request.view, job.key.persona_hash, None
        key = request.shopper.page_key if request.for_all else shared_key(view.shop.id, kind)
        if not request.for_all and self._cache.is_unread(str(job.key)):
            shared = await self._cache.stored(str(job.key), view)
        if shared is None and self._cache.is_shared(kind):
            shared = await self._cache.stored(key, view)
            if shared is None and self._cache.cached(key, view.edition):
                shared = await self._cache.stored(key, view)  # finished while we looked
        if shared is not None:
            job.base, job.base_model = shared.components, shared.model
            job.trace.note("planned", shared.model)


def _ended(begun: Generation, job: PageJob, now: float) -> Generation:
    """Return the record of a page's end; of one in want of a model it says why there was none."""
    status, tokens = job.trace.status, job.trace.tokens
    good = status in ("success", "partial", "degraded")
    message = job.failures[-1] if status == "degraded" and job.failures else status
    return begun._replace(
        status="completed" if good else "failed",
        completed_at=stamp(now),
        error_message=None if status in ("success", "partial") else message,
        model=job.trace.model,
        prompt_tokens=tokens.prompt,
        cached_tokens=tokens.cached,
        completion_tokens=tokens.completion,
        decision=job.stored.decision if job.stored is not None else "",
    )
