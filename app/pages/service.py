"""The shop as its visitors meet it: a kept page, or a shell at once while theirs is composed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from app.domain.page import StoredPage
from app.domain.persona import NEWCOMER, Persona, Shopper
from app.generation.events import replay
from app.generation.job import GeneratorDeps
from app.pages.cache import CachedPage, PageCache
from app.pages.jobs import (
    AtCapacity,
    Batches,
    Capacity,
    PageJobs,
    PageRequest,
    ReadableJournal,
    RunningJob,
    stamp,
)
from app.pages.shells import ShellCache, ShopView
from app.personas.cache import KnownShopper, PersonaSource, ShopperCache
from app.storage.db.rows import Visited
from app.storage.db.write_behind import WriteBehind


class Shell(NamedTuple):
    """The page a shopper gets at once, while their own is composed; or stays with, if `last`.

    `anyones` says that it was for no shopper at all.
    """

    body: bytes
    final: bool = False
    anonymous: bool = False


class Visit(NamedTuple):
    """Who comes to which shop. `address` is the client's where the shopper is new."""

    shopper_id: str
    shop_view: ShopView
    first: bool = False
    address: str = ""


class Backroom(NamedTuple):
    """The services behind the storefront."""

    journal: ReadableJournal
    kept: PageCache
    personas: PersonaSource
    recorder: WriteBehind


class PageService:
    """Answers visits and readers."""

    def __init__(
        self,
        workshop: GeneratorDeps,
        backroom: Backroom,
        clock: Callable[[], float],
        capacity: Capacity,
    ) -> None:
        self.jobs = PageJobs(workshop, backroom.journal, backroom.kept, backroom.recorder, capacity)
        self._workshop = workshop
        self._backroom = backroom
        self._clock = clock
        self._acquaintances = ShopperCache(backroom.personas, clock)
        self._shells = ShellCache(workshop.renderer)

    def take_up(self, workshop: GeneratorDeps) -> None:
        """Draw and compose with this workshop from now on."""
        self._workshop = workshop
        self._shells = ShellCache(workshop.renderer)
        self._backroom.kept.take_up(workshop.renderer)
        self.jobs.take_up(workshop)

    def cached_page(self, shopper_id: str, counter: ShopView) -> CachedPage | None:
        """Return the shopper's finished page if that needs no waiting at all."""
        known = self._acquaintances.cached(shopper_id, counter.shop.id)
        return self._backroom.kept.cached(known.page_key, counter.content) if known else None

    async def visit(self, visit: Visit) -> CachedPage | Shell:
        """Return the shopper's finished page, or the shell while theirs is composed.

        When no more pages can be composed, the shell is all there is, and says so.
        """
        counter = visit.shop_view
        known = await self._know(visit)
        self._backroom.recorder.visited(Visited(visit.shopper_id, counter.shop.id, stamp()))
        page = None if visit.first else await self._find(known, counter)
        if page is not None:
            return page
        persona_type = known.shopper.persona.type
        try:
            page_id = self._start(PageRequest(known, counter, visit.address)).page.id
        except AtCapacity:
            return Shell(self._shells.fallback(counter, persona_type), final=True)
        return Shell(self._shells.shell(counter, persona_type, page_id))

    async def prefetch(self, visit: Visit, persona: Persona, *, may_compose: bool) -> str:
        """Have the page ready that a shopper will want next; say what came of it.

        Nobody waits for it, so it gives way to those who do.
        """
        counter = visit.shop_view
        shopper = Shopper(visit.shopper_id, counter.shop.id, persona)
        known = self._acquaintances.put(shopper)
        if self.jobs.running(known.page_key):
            return "running"
        if not may_compose or not self.jobs.has_spare_capacity:
            return "left"
        if await self._find(known, counter):
            return "kept"
        try:
            self._start(PageRequest(known, counter, visit.address))
        except AtCapacity:
            return "left"
        return "begun"

    def catalog_page(self, counter: ShopView) -> Shell:
        """Return the page for those who are no shoppers: nothing personal, nothing composed."""
        body = self._shells.fallback(counter, NEWCOMER.type)
        return Shell(body, final=True, anonymous=True)

    async def stream_for(self, visit: Visit, page_id: str, after: int) -> Batches | None:
        """Return the events of a page after an id, or None where it is another shopper's.

        A page that this process knows nothing of (it has restarted, or the page ended long ago) is
        answered with the shopper's own: as kept, or as it is composed from now on.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        owner = self._backroom.journal.owner(page_id)
        if owner is not None:
            own = owner == visit.shopper_id
            return self._backroom.journal.read(page_id, after) if own else None
        known = await self._know(visit)
        return await self.events(PageRequest(known, visit.shop_view, visit.address), after)

    async def events(self, order: PageRequest, after: int) -> Batches:
        """Return the events of the page that is ordered: as kept, or as it is composed from now on.

        A reader who saw the page being composed gets what they have not seen of it, and no more,
        although it may have ended since.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        page_id = self.jobs.resumable(order.shopper.page_key, after)
        if page_id is not None:
            return self._backroom.journal.read(page_id, after)
        found = await self.get_or_start(order)
        if isinstance(found, StoredPage):
            return self._replay(found, order.shop_view, after)
        return self._backroom.journal.read(found.page.id, after)

    async def get_or_start(self, order: PageRequest) -> StoredPage | RunningJob:
        """Return the page that is ordered as it is kept, or as it is on its way.

        Raises:
            AtCapacity: it would have to be composed, and there is no place to wait.
        """
        known, counter = order.shopper, order.shop_view
        if self.jobs.running(known.page_key) is None and await self._find(known, counter):
            kept = await self._backroom.kept.stored(known.page_key, counter.shop)
            if kept is not None and not _must_be_composed(order, kept):
                return kept
            order = order._replace(base=kept if order.wanted else None)
        return self._start(order)

    @property
    def slots(self) -> Sequence[str]:
        """The slots of the page."""
        return self._workshop.slots

    async def slots_for(self, kinds: Sequence[str] | None) -> tuple[str, ...] | None:
        """Return the slots that these kinds of component may fill, none where no kinds are named.

        None where one of them is no component of ours.
        """
        if kinds is None:
            return ()
        await self._workshop.ready()
        specs = self._workshop.specs
        if any(kind not in specs for kind in kinds):
            return None
        meant = {slot for kind in kinds for slot in specs[kind].slots}
        return tuple(slot for slot in self._workshop.slots if slot in meant)

    async def drain(self, seconds: float) -> None:
        """Let composing pages finish for so long, then end them."""
        await self.jobs.drain(seconds)

    def _start(self, order: PageRequest) -> RunningJob:
        return self.jobs.start(order, self._clock)

    async def _know(self, visit: Visit) -> KnownShopper:
        shop_id = visit.shop_view.shop.id
        if visit.first:
            return self._acquaintances.new(visit.shopper_id, shop_id)
        return await self._acquaintances.get(visit.shopper_id, shop_id)

    async def _find(self, known: KnownShopper, counter: ShopView) -> CachedPage | None:
        """Return the finished page. One that was finished while we looked is found as well."""
        if self.jobs.running(known.page_key):
            return None
        kept = self._backroom.kept
        page = await kept.get(known.page_key, counter.shop, counter.content, counter.fallbacks)
        return page or kept.cached(known.page_key, counter.content)

    async def _replay(self, kept: StoredPage, counter: ShopView, after: int) -> Batches:
        """Yield what a reader has not seen of a kept page, as if it were composed just now."""
        await self._workshop.ready()
        yield replay(kept, self._workshop.renderer, counter.shop, after)


def _must_be_composed(order: PageRequest, kept: StoredPage) -> bool:
    """Whether a kept page is not what is asked for."""
    return order.force or not set(order.wanted) <= {item.slot for item in kept.components}
