"""Shares one answer among all who send the same prompt at the same time (singleflight)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from app.domain.llm import (
    CallRefused,
    Model,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    Prompt,
)

_BRACKET = re.compile(r"[][{}]")
_MOST_HELD = 4096
"""Characters of a text that are held back at most."""

_NOT_FOR_THEM = ("ADDRESS_LIMIT", "LEASE_LOST", "BUDGET_UNREACHABLE")
"""Why one is not answered says nothing of those who wait beside them: they ask for themselves."""


@dataclass(slots=True, eq=False, repr=False)
class _Answer:
    """An answer under way: all of it so far, and how many are reading.

    Text is held back until a bracket is in it, as none ends a component before that: most readers
    would be woken, ten times for one, to go on waiting.
    """

    events: list[ModelEvent] = field(default_factory=list)
    held: str = ""
    failure: ModelFailed | None = None
    over: bool = False
    readers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None

    def add(self, event: ModelEvent) -> None:
        if not isinstance(event, ModelText):
            self.show(event)
            return
        self.held += event.text
        if _BRACKET.search(event.text) or len(self.held) > _MOST_HELD:
            self.show()

    def show(self, *events: ModelEvent) -> None:
        self.events += [ModelText(self.held), *events] if self.held else events
        self.held = ""
        self.changed.set()
        self.changed = asyncio.Event()


class CoalescingModel:
    """Asks another model once for equal prompts of one kind of shopper.

    Whoever joins late reads from the beginning. The first to ask is told what it cost; the others
    are told that it cost nothing more. When the last reader leaves, the answer is given up.
    """

    def __init__(self, inner: Model) -> None:
        self.name = inner.name
        self._inner = inner
        self._under_way: dict[str, _Answer] = {}

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer to this prompt.

        Raises:
            ModelFailed: it failed, for all who asked.
        """
        text = f"{prompt.instructions}\0{prompt.request}\0{prompt.persona_hash}"
        key = hashlib.sha256(text.encode()).hexdigest()
        while True:
            first = key not in self._under_way
            try:
                async with aclosing(self._follow(key, prompt)) as events:
                    async for event in events:
                        if isinstance(event, ModelEnded) and not first:
                            event = ModelEnded(event.reason)  # noqa: PLW2901 - but for the cost
                        yield event
            except CallRefused as no:
                if first or no.code not in _NOT_FOR_THEM:
                    raise
            else:
                return

    async def _follow(self, key: str, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        answer = self._under_way.get(key)
        if answer is None:
            answer = self._under_way[key] = _Answer()
            answer.task = asyncio.create_task(self._listen(key, prompt, answer))
        answer.readers += 1
        position = 0
        try:
            while True:
                while position < len(answer.events):
                    yield answer.events[position]
                    position += 1
                if answer.over:
                    break
                await answer.changed.wait()
            if answer.failure is not None:
                raise answer.failure
        finally:
            answer.readers -= 1
            if not answer.readers and answer.task is not None:
                self._forget(key, answer)
                answer.task.cancel()

    async def _listen(self, key: str, prompt: Prompt, answer: _Answer) -> None:
        try:
            async with aclosing(self._inner.compose(prompt)) as events:
                async for event in events:
                    answer.add(event)
        except ModelFailed as failure:
            answer.failure = failure
        except BaseException:
            answer.failure = ModelFailed("CONTAINER_ERROR", "nobody listens", retryable=True)
            raise
        finally:
            answer.over = True
            if answer.failure is not None:
                self._forget(key, answer)
            answer.show()

    def _forget(self, key: str, answer: _Answer) -> None:
        """Offer this answer to nobody else."""
        if self._under_way.get(key) is answer:
            del self._under_way[key]
