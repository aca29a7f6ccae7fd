"""Answers visits: with a finished page, or with a shell while the page is composed."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from app.catalog.compiled import prepare
from app.domain.experiments import PLAIN
from app.domain.network import Client
from app.domain.page import Component, StoredPage
from app.domain.persona import NEWCOMER, PERSONA_TYPES, Persona, Shopper
from app.generation.events import replay
from app.pages.cache import CachedPage, PageCache, shared_key
from app.pages.jobs import AtCapacity, Batches, PageJobs, PageRequest, RunningJob
from app.pages.journal import PageJournal
from app.pages.shells import VISIT, ShopView
from app.pages.site import LiveSite
from app.personas.cache import KnownShopper, ShopperCache
from app.storage.db.rows import Visited, stamp
from app.storage.db.write_behind import WriteBehind
from app.util.warm_up import WarmUp

_UNPAID = frozenset(("BUDGET_SPENT", "BUDGET_UNREACHABLE"))


class Shell(NamedTuple):
    """The page a shopper gets at once, while their own is composed; or stays with, if `final`.

    `anonymous` says that it was for no shopper at all, `plain` that it is what an experiment shows.
    """

    body: bytes
    final: bool = False
    anonymous: bool = False
    plain: bool = False


class Visit(NamedTuple):
    """Who comes to which shop, `first` if never before."""

    shopper_id: str
    view: ShopView
    first: bool = False
    client: Client = Client()


class PageService:
    """Answers visits with pages and readers with events; `shoppers` remembers who came last."""

    def __init__(
        self,
        site: LiveSite,
        jobs: PageJobs,
        *,
        journal: PageJournal,
        cache: PageCache,
        shoppers: ShopperCache,
        records: WriteBehind,
        warm_up: WarmUp,
    ) -> None:
        self.jobs = jobs
        self.cache = cache
        self.shoppers = shoppers
        self._site = site
        self._journal = journal
        self._records = records
        self._warm_up = warm_up

    async def prepare_shops(self) -> None:
        """Draw the default shop's shell for each type of persona, before the first who need one.

        It takes longer than all else of their visit. Then make what searches need of each shop.
        """
        await asyncio.wait([self._warm_up.start()])
        site = self._site.current
        for persona_type in PERSONA_TYPES:
            await asyncio.to_thread(site.shells.shell, site.default, persona_type, VISIT)
        for view in site.shops.values():
            await asyncio.to_thread(prepare, view.shop)

    async def shopper(self, visit: Visit) -> KnownShopper:
        """Return a visit's shopper, with their persona, their arm and the key of their page.

        A shopper who must not be recorded is a newcomer: nothing is looked up or remembered.
        """
        shop_id = visit.view.shop.id
        if not visit.client.recorded:
            return self.shoppers.keyed(Shopper(visit.shopper_id, shop_id))
        if visit.first:
            return self.shoppers.put(Shopper(visit.shopper_id, shop_id))
        return await self.shoppers.get(visit.shopper_id, shop_id)

    def cached_page(self, shopper_id: str, view: ShopView) -> CachedPage | None:
        """Return the shopper's finished page if that needs no waiting at all."""
        known = self.shoppers.cached(shopper_id, view.shop.id)
        return self.cache.cached(known.page_key, view.edition) if known else None

    async def visit(self, visit: Visit) -> CachedPage | Shell:
        """Return a finished page: the shopper's, or what was decided for others like them.

        Else return the shell while theirs is composed. When no more pages can be composed, the
        shell is all there is, and says so; likewise for shoppers of an experiment's plain arm.
        Nothing is composed for others meanwhile that has not begun.
        """
        view = visit.view
        with self.jobs.turns.ahead():
            known = await self.shopper(visit)
            if not visit.first:
                self._note(visit)
            shells, persona_type = self._site.current.shells, known.shopper.persona.type
            if known.arm.page == PLAIN:
                return Shell(shells.fallback(view, persona_type), final=True, plain=True)
            page = await self._ready_page(known, view, first=visit.first)
            if page is not None:
                if page.shared and not self.cache.is_unread(known.page_key):
                    self.cache.lead(known.page_key, page)
                return page
            try:
                started = await self.jobs.start(PageRequest(known, view, visit.client))
            except AtCapacity:
                return Shell(shells.fallback(view, persona_type), final=True)
        return Shell(shells.shell(view, persona_type, started.job.id, pins=known.arm.pins))

    async def preview(self, visit: Visit) -> CachedPage | Shell:
        """Return the page to a browser that asks ahead of its shopper, who may never come.

        Nothing is noted or composed. A shell begins the visit once it is shown.
        """
        view, persona_type, pins = visit.view, NEWCOMER.type, True
        if not visit.first:
            known = await self.shopper(visit)
            persona_type = known.shopper.persona.type
            if known.arm.page == PLAIN:
                body = self._site.current.shells.fallback(view, persona_type)
                return Shell(body, final=True, anonymous=True)
            page = await self._ready_page(known, view)
            if page is not None:
                return page
            pins = known.arm.pins
        shell = self._site.current.shells.shell(view, persona_type, VISIT, pins=pins)
        return Shell(shell, anonymous=True)

    async def prefetch(self, visit: Visit, persona: Persona, *, may_compose: bool) -> str:
        """Have the page ready that a shopper will want next; say what came of it.

        Nobody waits for it, so it gives way to those who do.
        """
        view = visit.view
        known = self.shoppers.put(Shopper(visit.shopper_id, view.shop.id, persona))
        if known.arm.page == PLAIN:
            return "plain"
        if self.jobs.running(known.page_key):
            return "running"
        if not may_compose or not self.jobs.has_spare_capacity:
            # What they viewed may change the page: the next visit reads it again.
            self.shoppers.forget(visit.shopper_id)
            return "left"
        if await self._ready_page(known, view):
            return "kept"
        try:
            await self.jobs.start(PageRequest(known, view, visit.client._replace(ahead=True)))
        except AtCapacity:
            return "left"
        return "begun"

    async def compose_ahead(self, known: KnownShopper, view: ShopView) -> str:
        """Have the page of a shopper's kind ready under their page key; say what came of it.

        It is as a view of a coming time has it. Nobody waits for it, as in `prefetch`.
        """
        if await self.cache.stored(known.page_key, view):
            return "kept"
        if not self.jobs.has_spare_capacity:
            return "left"
        request = PageRequest(known, view, Client(ahead=True), for_all=True)
        try:
            job, task = await self.jobs.start(request)
        except AtCapacity:
            return "left"
        await asyncio.wait([task])
        if not _UNPAID.isdisjoint(job.failures):
            return "left"
        return "composed" if job.trace.status in ("success", "partial") else "failed"

    async def decision(self, known: KnownShopper, view: ShopView) -> str:
        """Return the digest of prompts and models that a shopper's page was decided by, if any."""
        page = await self._finished(known, view) or await self._shared(known, view)
        return page.decision if page is not None else ""

    async def shown(self, visit: Visit) -> StoredPage | None:
        """Return the finished page of a shopper: their own, or the one of their kind."""
        view, known = visit.view, await self.shopper(visit)
        own = await self.cache.stored(known.page_key, view)
        shared = shared_key(view.shop.id, known.key.persona_hash)
        return own or await self.cache.stored(shared, view)

    def catalog_page(self, view: ShopView) -> Shell:
        """Return the page for those who are no shoppers: nothing personal, nothing composed."""
        body = self._site.current.shells.fallback(view, NEWCOMER.type)
        return Shell(body, final=True, anonymous=True)

    async def stream_for(self, visit: Visit, page_id: str, after: int) -> Batches | None:
        """Return the events of a page after an id, or None where it is another shopper's.

        None as well where the shopper's page is the plain one, which has no events.

        A page that this process knows nothing of (it has restarted, the page ended long ago, or was
        fetched ahead of the visit that begins now) is answered with the shopper's own: as stored,
        or as it is composed from now on.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        owner = self._journal.owner(page_id)
        if owner is not None:
            if owner != visit.shopper_id:
                return None
            self._note(visit)
            return self._journal.read(page_id, after)
        self._note(visit)
        known = await self.shopper(visit)
        if known.arm.page == PLAIN:
            return None
        return await self.events(PageRequest(known, visit.view, visit.client), after)

    async def events(self, request: PageRequest, after: int) -> Batches:
        """Return the events of a page: as stored, or as it is composed from now on.

        A reader who saw the page being composed gets what they have not seen of it, and no more,
        although it may have ended since.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        page_id = await self.jobs.resumable(request, after)
        if page_id is not None:
            return self._journal.read(page_id, after)
        found = await self.get_or_start(request)
        if isinstance(found, StoredPage):
            return self._replay(found, request.view, after)
        return self._journal.read(found.job.id, after)

    async def get_or_start(self, request: PageRequest) -> StoredPage | RunningJob:
        """Return the page as it is stored and drawn now, or as it is on its way.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        page_key, view = request.shopper.page_key, request.view
        if self.jobs.running(page_key) is None:
            stored = await self.cache.stored(page_key, view)
            if stored is None and self.cache.cached(page_key, view.edition):
                stored = await self.cache.stored(page_key, view)  # finished while we looked
            filled = {item.slot for item in stored.components} if stored else set()
            if stored is not None and not request.force and filled.issuperset(request.wanted):
                return await self._regarding(request, stored)
            request = request._replace(base=stored if request.wanted else None)
        return await self.jobs.start(request)

    async def slots_for(self, kinds: Sequence[str] | None) -> tuple[str, ...] | None:
        """Return the slots that these kinds of component may fill, none where no kinds are named.

        None where one of them is no component of ours.
        """
        if kinds is None:
            return ()
        await self._warm_up.wait()
        library = self._site.current.content.library
        if any(kind not in library.specs for kind in kinds):
            return None
        meant = {slot for kind in kinds for slot in library.specs[kind].slots}
        return tuple(slot for slot in library.plan.slots if slot in meant - library.plan.own)

    async def forget(self, shopper_id: str) -> None:
        """Cancel a shopper's pages under way, and drop all that memory holds of them."""
        await self.jobs.end_all_of(shopper_id)
        self._journal.discard_all_of(shopper_id)
        self.shoppers.forget(shopper_id)
        self.cache.forget(shopper_id)

    def _note(self, visit: Visit) -> None:
        """Record the visit, if the shopper may be recorded."""
        if not visit.client.recorded:
            return
        seen_at = stamp(self._site.now())
        self._records.visited(Visited(visit.shopper_id, visit.view.shop.id, seen_at))

    async def _ready_page(
        self, known: KnownShopper, view: ShopView, *, first: bool = False
    ) -> CachedPage | None:
        """Return a shopper's finished page or their kind's, with what they viewed lately.

        On a `first` visit there is no page of their own to look for.
        """
        page = None if first else await self._finished(known, view)
        page = page or await self._shared(known, view)
        if page is None:
            return None
        if not await self._with_own(known, view, page.own):
            return page
        return (self.cache.cached(known.page_key, view.edition) or page)._replace(redrawn=True)

    async def _with_own(
        self, known: KnownShopper, view: ShopView, shown: Sequence[Component]
    ) -> StoredPage | None:
        """Keep a shopper's page with what they viewed lately, and return it.

        None where that is what it has `shown`.
        """
        own = await self._site.current.generator_of(known.arm.key).own(known.key, view.shop)
        if not own or own == shown:
            return None
        return await self.cache.put_own(known.key, view, own)

    async def _regarding(self, request: PageRequest, stored: StoredPage) -> StoredPage:
        """Return a stored page, with what its shopper viewed lately if that may be regarded."""
        if not request.client.recorded:
            return stored
        slots = self._site.current.content.library.plan.own
        shown = [item for item in stored.components if item.slot in slots]
        return await self._with_own(request.shopper, request.view, shown) or stored

    async def _finished(self, known: KnownShopper, view: ShopView) -> CachedPage | None:
        """Return the shopper's own finished page, also if it was finished during the lookup."""
        if self.jobs.running(known.page_key):
            return None
        page = await self.cache.get(known.page_key, view)
        return page or self.cache.cached(known.page_key, view.edition)

    async def _shared(self, known: KnownShopper, view: ShopView) -> CachedPage | None:
        """Return the page of the shopper's kind, if all required slots are filled."""
        if not self.cache.is_shared(known.key.persona_hash):
            return None
        page = await self.cache.get(shared_key(view.shop.id, known.key.persona_hash), view)
        if page is None or not page.slots >= self._site.current.content.library.plan.required:
            return None
        return page._replace(shared=True)

    async def _replay(self, stored: StoredPage, view: ShopView, after: int) -> Batches:
        """Yield what a reader has not seen of a stored page, as if it were composed just now."""
        await self._warm_up.wait()
        shop = self.cache.steered(stored, view).shop
        yield replay(stored, self._site.current.renderer, shop, after)
