"""The shop as its visitors meet it: a kept page, or a shell at once while theirs is composed."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.acquaintances import Acquaintances, Known, PersonaSource
from app.composing import Batches, Capacity, Composing, ReadableJournal, TooManyPages, stamp
from app.counter import Counter, Shells
from app.kept_pages import KeptPages, ReadyPage
from app.services.database.recorder import Recorder
from app.services.database.sqlite import Sighting
from app.stages.assemble import unfold
from app.workshop import Workshop


class Shell(NamedTuple):
    """The page a shopper gets at once, while their own is composed; or stays with, if `last`."""

    body: bytes
    last: bool = False


class Backroom(NamedTuple):
    """The services behind the storefront."""

    journal: ReadableJournal
    kept: KeptPages
    personas: PersonaSource
    recorder: Recorder


class Storefront:
    """Answers visits and readers."""

    def __init__(
        self,
        workshop: Workshop,
        backroom: Backroom,
        clock: Callable[[], float],
        capacity: Capacity,
    ) -> None:
        self.composing = Composing(
            workshop, backroom.journal, backroom.kept, backroom.recorder, capacity
        )
        self._workshop = workshop
        self._backroom = backroom
        self._clock = clock
        self._acquaintances = Acquaintances(backroom.personas, clock)
        self._shells = Shells(workshop.renderer)

    def take_up(self, workshop: Workshop) -> None:
        """Draw and compose with this workshop from now on."""
        self._workshop = workshop
        self._shells = Shells(workshop.renderer)
        self._backroom.kept.take_up(workshop.renderer)
        self.composing.take_up(workshop)

    def page_at_hand(self, shopper_id: str, counter: Counter) -> ReadyPage | None:
        """Return the shopper's finished page if that needs no waiting at all."""
        known = self._acquaintances.at_hand(shopper_id)
        return self._backroom.kept.at_hand(known.name, counter.content) if known else None

    async def visit(
        self, shopper_id: str, counter: Counter, *, first: bool = False
    ) -> ReadyPage | Shell:
        """Return the shopper's finished page, or the shell while theirs is composed.

        When no more pages can be composed, the shell is all there is, and says so.
        """
        known = await self._know(shopper_id, counter, first=first)
        self._backroom.recorder.saw(Sighting(shopper_id, counter.shop.id, stamp()))
        page = None if first else await self._find(known, counter)
        if page is not None:
            return page
        persona_type = known.shopper.persona.type
        try:
            page_id = self.composing.start(known, counter, self._clock)
        except TooManyPages:
            return Shell(self._shells.fallback(counter, persona_type), last=True)
        return Shell(self._shells.shell(counter, persona_type, page_id))

    async def follow(
        self, shopper_id: str, counter: Counter, page_id: str, after: int
    ) -> Batches | None:
        """Return the events of a page after an id, or None where it is another shopper's.

        A page that this process knows nothing of (it has restarted, or the page ended long ago) is
        answered with the shopper's own: as kept, or as it is composed from now on.

        Raises:
            TooManyPages: it would have to be composed, and there is no place to wait.
        """
        journal = self._backroom.journal
        owner = journal.owner(page_id)
        if owner is not None:
            return journal.read(page_id, after) if owner == shopper_id else None
        known = await self._know(shopper_id, counter)
        if await self._find(known, counter):
            return self._replay(known, counter)
        return journal.read(self.composing.start(known, counter, self._clock), after)

    async def drain(self, seconds: float) -> None:
        """Let composing pages finish for so long, then end them."""
        await self.composing.drain(seconds)

    async def _know(self, shopper_id: str, counter: Counter, *, first: bool = False) -> Known:
        if first:
            return self._acquaintances.meet(shopper_id, counter.shop.id)
        return await self._acquaintances.know(shopper_id, counter.shop.id)

    async def _find(self, known: Known, counter: Counter) -> ReadyPage | None:
        """Return the finished page. One that was finished while we looked is found as well."""
        if self.composing.running(known.name):
            return None
        kept = self._backroom.kept
        page = await kept.find(known.name, counter.shop, counter.content, counter.fallbacks)
        return page or kept.at_hand(known.name, counter.content)

    async def _replay(self, known: Known, counter: Counter) -> Batches:
        """Yield a kept page as if it were composed just now."""
        kept = await self._backroom.kept.components(known.name, counter.shop)
        if kept is not None:
            await self._workshop.prepared()
            first_id = int(self._workshop.now().timestamp() * 1_000_000)
            yield unfold(kept, self._workshop.renderer, counter.shop, first_id)
