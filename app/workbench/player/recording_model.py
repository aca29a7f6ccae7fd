"""Taps a composing: its trace, its journal and its model's text, each noted with its time."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from app.domain.events import Event, EventName
from app.domain.llm import Model, ModelEnded, ModelEvent, ModelText, Prompt
from app.domain.page import Refusal
from app.generation.trace import Trace
from app.pages.journal import PageJournal
from app.workbench.player.recordings import Piece

if TYPE_CHECKING:
    from app.workbench.player.run import Run


class WatchedTrace(Trace):
    """A trace whose notes are told as they are written."""

    def __init__(self, run: Run) -> None:
        request = run.request
        self.run = run
        self._words = ""
        super().__init__(run.id, request.shop_id, request.persona.type, request.clock)

    def note(self, what: str, code: str = "", where: str = "") -> None:
        super().note(what, code, where)
        self.run.record("note", {"what": what, "code": code, "where": where, "words": self._words})

    def refused(self, refusal: Refusal) -> None:
        """Write down a no, with the words that caused it: this trace is for nobody's log."""
        self._words = refusal.words
        super().refused(refusal)
        self._words = ""


class RunJournal:
    """A journal of one page that says when each event was written."""

    def __init__(self, run: Run, clock: Callable[[], float]) -> None:
        self._run = run
        self._inner = PageJournal(clock)
        self._inner.open(run.id, "the bench")

    def begin_with(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        self._inner.begin_with(page_id, entries)

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None:
        before = len(self._inner.events(page_id))
        self._inner.append(page_id, entries)
        for event in self._inner.events(page_id)[before:]:
            self._run.events.append((self._run.now, event))
            if event.name != "progress":
                self._run.record("event", {"name": event.name, "data": event.data})

    def events(self, page_id: str) -> tuple[Event, ...]:
        return self._inner.events(page_id)


class RecordingModel:
    """A composer whose brief and text are noted as they pass."""

    def __init__(self, inner: Model, run: Run) -> None:
        self._inner = inner
        self._run = run

    @property
    def name(self) -> str:
        return self._inner.name

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        run = self._run
        run.brief = run.brief or prompt
        async with aclosing(self._inner.compose(prompt)) as answer:
            async for event in answer:
                if isinstance(event, ModelText):
                    run.pieces.append(Piece(run.now, event.text))
                    run.record("text", {"text": event.text, "model": self.name})
                elif isinstance(event, ModelEnded):
                    run.record("tokens", {**event.tokens._asdict(), "model": self.name})
                yield event
