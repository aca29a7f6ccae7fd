"""Runs: one page composed for the bench through the real pipeline, with all that came, in time."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

from app.counter import Counter
from app.design.briefs import instructions_of
from app.design.live import Live
from app.design.recordings import Piece
from app.models import (
    Brief,
    Component,
    Event,
    EventName,
    KeptPage,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    PageKey,
    Persona,
)
from app.pipeline import compose
from app.services.journal import MemoryJournal
from app.stages.page_key import persona_hash
from app.stages.trace import Trace
from app.workshop import Composer, Page, Workshop

log = logging.getLogger("wandstore.design")

LONGEST = 120.0
_MOST_ITEMS = 30_000


class Order(NamedTuple):
    """What a run is to compose: by whom, for whom, in which shop."""

    source: str
    composers: Sequence[Composer]
    persona: Persona
    shop_id: str
    clock: Callable[[], float]


class Item(NamedTuple):
    """Something that came in a run, `at` milliseconds after it began."""

    at: int
    kind: str
    what: dict[str, Any]


class Played:
    """A composer that writes recorded pieces at once and says on a clock of its own when each came.

    `silence` is how many milliseconds without text a provider is given; `broken` ends it as a lost
    connection would.
    """

    model = "recording"

    def __init__(self, pieces: Sequence[Piece], silence: int, *, broken: bool = False) -> None:
        self.now = 0.0
        self._pieces = pieces
        self._silence = silence
        self._broken = broken

    async def compose(self, _: Brief) -> AsyncGenerator[ModelEvent, None]:
        """Yield the pieces.

        Raises:
            ModelFailed: it was silent for too long, or broke off.
        """
        last = 0
        for piece in self._pieces:
            if piece.at - last > self._silence:
                self.now = (last + self._silence) / 1000
                raise ModelFailed("TIMEOUT", "no text for too long", retryable=True)
            self.now = last / 1000 if piece.at < last else piece.at / 1000
            last = piece.at
            yield ModelText(piece.text)
            await asyncio.sleep(0)
        if self._broken:
            raise ModelFailed("MODEL_UNAVAILABLE", "the answer broke off", retryable=True)
        yield ModelEnded()


class Run:
    """One page on its way, and all that has come of it. Any number may listen."""

    def __init__(self, live: Live, order: Order, counter: Counter) -> None:
        self.id = secrets.token_urlsafe(9)
        self.order = order
        self.counter = counter
        self.version = live.version.number
        self.items: list[Item] = []
        self.events: list[tuple[int, Event]] = []
        self.pieces: list[Piece] = []
        self.kept: KeptPage | None = None
        self.done = False
        self.brief: Brief | None = None
        self.renderer = live.renderer
        self.trace = _WatchedTrace(self)
        self._changed = asyncio.Event()
        self._began = order.clock()
        self._page = Page(
            self.id,
            PageKey(f"shop_{secrets.token_hex(16)}", persona_hash(order.persona)),
            counter.shop,
            order.persona,
            counter.content,
            counter.fallbacks,
            self.trace,
        )
        self._workshop = _workshop(live, self)

    @property
    def now(self) -> int:
        """Milliseconds since it began, by its own clock."""
        return round((self.order.clock() - self._began) * 1000)

    @property
    def length(self) -> int:
        """Milliseconds until the last that has come."""
        return max((item.at for item in self.items), default=0)

    async def compose(self) -> None:
        """Compose the page to its end; whatever happens is told as an item."""
        try:
            async with asyncio.timeout(LONGEST):
                await compose(self._page, self._workshop, self._keep)
        except TimeoutError:
            self.came("failed", {"code": "TIMEOUT", "where": f"more than {LONGEST:g} s"})
        except Exception as error:  # noqa: BLE001 - a designer's template may raise anything
            log.warning("a run failed: %s", type(error).__name__)
            self.came("failed", {"code": "CONTAINER_ERROR", "where": type(error).__name__})
        finally:
            self.done = True
            self.came("done", self.summary())

    def came(self, kind: str, what: dict[str, Any]) -> None:
        """Note something that came, and wake who listens."""
        if len(self.items) < _MOST_ITEMS or kind == "done":
            self.items.append(Item(self.now, kind, what))
        self.wake()

    def wake(self) -> None:
        """Wake who listens."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Wait until something more has come."""
        await self._changed.wait()

    async def listen(self) -> AsyncGenerator[Item, None]:
        """Yield everything from the beginning, as it comes, to the end."""
        read = 0
        while True:
            for item in self.items[read:]:
                yield item
                read += 1
            if self.done and read >= len(self.items):
                return
            if read >= len(self.items):
                await self._changed.wait()

    def summary(self) -> dict[str, Any]:
        """Return how it went, in numbers."""
        told = self.trace.summary()
        told["ms"] = self.now
        return {**told, "source": self.order.source, "run": self.id, "version": self.version}

    async def _keep(self, page: KeptPage, _: int) -> None:
        self.kept = page


class _WatchedTrace(Trace):
    """A trace whose notes are told as they are written."""

    def __init__(self, run: Run) -> None:
        order = run.order
        self.run = run
        super().__init__(run.id, order.shop_id, order.persona.type, order.clock)

    def note(self, what: str, code: str = "", where: str = "") -> None:
        super().note(what, code, where)
        self.run.came("note", {"what": what, "code": code, "where": where})


class _RunJournal:
    """A journal of one page that says when each event was written."""

    def __init__(self, run: Run, clock: Callable[[], float]) -> None:
        self._run = run
        self._inner = MemoryJournal(clock)
        self._inner.open(run.id, "the bench")

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        before = len(self._inner.events(page_id))
        self._inner.append(page_id, entries)
        for event in self._inner.events(page_id)[before:]:
            self._run.events.append((self._run.now, event))
            if event.name != "progress":
                self._run.came("event", {"name": event.name, "data": event.data})

    def events(self, page_id: str) -> tuple[Event, ...]:
        return self._inner.events(page_id)


class _Tapped:
    """A composer whose brief and text are noted as they pass."""

    def __init__(self, inner: Composer, run: Run) -> None:
        self._inner = inner
        self._run = run

    @property
    def model(self) -> str:
        return self._inner.model

    async def compose(self, brief: Brief) -> AsyncGenerator[ModelEvent, None]:
        run = self._run
        run.brief = run.brief or brief
        async with aclosing(self._inner.compose(brief)) as answer:
            async for event in answer:
                if isinstance(event, ModelText):
                    run.pieces.append(Piece(run.now, event.text))
                    run.came("text", {"text": event.text, "model": self.model})
                elif isinstance(event, ModelEnded):
                    run.came("tokens", {**event.tokens._asdict(), "model": self.model})
                yield event


class _NoPlans:
    """The bench decides anew each time."""

    async def find(self, shop_id: str, persona_hash: str) -> None:  # noqa: ARG002
        return None

    async def keep(
        self, shop_id: str, persona_hash: str, model: str, components: Sequence[Component]
    ) -> None: ...


def _workshop(live: Live, run: Run) -> Workshop:
    materials = live.version.materials
    library = materials.library

    async def prepared() -> None: ...

    return Workshop(
        composers=[_Tapped(item, run) for item in run.order.composers],
        journal=_RunJournal(run, time.time),
        renderer=live.renderer,
        specs=library.specs,
        slots=tuple(slot.id for slot in library.slots),
        required=frozenset(slot.id for slot in library.slots if slot.required),
        instructions=lambda: instructions_of(materials),
        persona_briefs=materials.prompts.personas,
        plans=_NoPlans(),
        prepared=prepared,
    )
