"""Composes a page for the player with the real generator, and records everything in time."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple, TypeVar

from app.domain.events import Event, EventName
from app.domain.llm import Model, ModelEnded, ModelEvent, ModelText, Prompt
from app.domain.page import Refusal, StoredPage
from app.domain.persona import PageKey, Persona
from app.generation.job import GeneratorTools, PageJob
from app.generation.trace import Trace
from app.pages.generators import build_generator
from app.pages.journal import PageJournal
from app.pages.shells import ShopView
from app.personas.key import persona_hash
from app.settings import Settings
from app.workbench.player.recordings import Piece
from app.workbench.reload.manager import ContentReloader

log = logging.getLogger("wandstore.design")

T = TypeVar("T")

LONGEST = 120.0
_MOST_ITEMS = 30_000


class Item(NamedTuple):
    """Something that came in a run, `at` milliseconds after it began."""

    at: int
    kind: str
    what: dict[str, Any]


class Run:
    """One page on its way, and all that has come of it. Any number may listen."""

    def __init__(
        self,
        live: ContentReloader,
        view: ShopView,
        persona: Persona,
        *,
        source: str,
        models: Sequence[Model],
        clock: Callable[[], float],
        settings: Settings,
    ) -> None:
        self.id = secrets.token_urlsafe(9)
        self.view = view
        self.persona = persona
        self.source = source
        self.version = live.version.number
        self.items: list[Item] = []
        self.events: list[tuple[int, Event]] = []
        self.pieces: list[Piece] = []
        self.kept: StoredPage | None = None
        self.done = False
        self.renderer = live.renderer
        self.trace = _RunTrace(self, clock)
        self._changed = asyncio.Event()
        self._clock, self._began = clock, clock()
        shop, self.fallbacks = view.steered_for(persona.type)
        self._job = PageJob(
            self.id,
            PageKey(f"shop_{secrets.token_hex(16)}", persona_hash(persona)),
            shop,
            persona,
            view.content,
            self.fallbacks,
            self.trace,
            live.version.content.library.plan.slots,
        )
        tools = GeneratorTools(
            journal=_RunJournal(self),
            models_of=lambda _: [_RecordingModel(item, self) for item in models],
            deadlines=settings.deadlines,
            parsing=settings.parsing,
        )
        self._generator = build_generator(live.version.content, live.renderer, tools)

    @property
    def now(self) -> int:
        """Milliseconds since it began, by its own clock."""
        return round((self._clock() - self._began) * 1000)

    @property
    def length(self) -> int:
        """Milliseconds until the last that has come."""
        return max((item.at for item in self.items), default=0)

    async def compose(self) -> None:
        """Compose the page to its end; whatever happens is told as an item."""
        try:
            async with asyncio.timeout(LONGEST):
                await self._generator.compose(self._job, self._keep)
        except TimeoutError:
            self.record("failed", {"code": "TIMEOUT", "where": f"more than {LONGEST:g} s"})
        except Exception as error:  # noqa: BLE001 - a designer's template may raise anything
            log.warning("a run failed: %s", type(error).__name__)
            self.record("failed", {"code": "CONTAINER_ERROR", "where": type(error).__name__})
        finally:
            self.done = True
            self.record("done", self.summary())

    def record(self, kind: str, what: dict[str, Any]) -> None:
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

    async def listen(self, come: Sequence[T]) -> AsyncGenerator[T, None]:
        """Yield its `items` or `events` from the beginning, as they come, to the end."""
        read = 0
        while True:
            for item in come[read:]:
                yield item
                read += 1
            if self.done and read >= len(come):
                return
            if read >= len(come):
                await self._changed.wait()

    def summary(self) -> dict[str, Any]:
        """Return how it went, in numbers."""
        summary = self.trace.summary()
        summary["ms"] = self.now
        return {**summary, "source": self.source, "run": self.id, "version": self.version}

    async def _keep(self, page: StoredPage, _ttl: int, _shared: object) -> bool:
        self.kept = page
        return True


class _RunTrace(Trace):
    """A trace whose notes are told as they are written."""

    def __init__(self, run: Run, clock: Callable[[], float]) -> None:
        self.run = run
        self._words = ""
        super().__init__(run.id, run.view.shop.id, run.persona.type, clock)

    def note(self, what: str, code: str = "", where: str = "") -> None:
        super().note(what, code, where)
        self.run.record("note", {"what": what, "code": code, "where": where, "words": self._words})

    def refused(self, refusal: Refusal) -> None:
        """Write down a no, with the words that caused it: this trace is for nobody's log."""
        self._words = refusal.words
        super().refused(refusal)
        self._words = ""


class _RunJournal(PageJournal):
    """A journal of one page that says when each event was written."""

    def __init__(self, run: Run) -> None:
        super().__init__(time.time)
        self._run = run
        self.open(run.id, "the workbench")

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        """Write entries, and tell of them."""
        before = len(self.events(page_id))
        super().append(page_id, entries)
        for event in self.events(page_id)[before:]:
            self._run.events.append((self._run.now, event))
            if event.name != "progress":
                self._run.record("event", {"name": event.name, "data": event.data})


class _RecordingModel:
    """A model whose text and tokens are recorded as they pass."""

    def __init__(self, inner: Model, run: Run) -> None:
        self._inner = inner
        self._run = run

    @property
    def name(self) -> str:
        return self._inner.name

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        run = self._run
        async with aclosing(self._inner.compose(prompt)) as answer:
            async for event in answer:
                if isinstance(event, ModelText):
                    run.pieces.append(Piece(run.now, event.text))
                    run.record("text", {"text": event.text, "model": self.name})
                elif isinstance(event, ModelEnded):
                    run.record("tokens", {**event.tokens._asdict(), "model": self.name})
                yield event
