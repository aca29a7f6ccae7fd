"""A model whose every call is reserved in the budget first, and refused where it is spent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from app.domain.llm import Model, ModelEnded, ModelEvent, ModelFailed, ModelText, Prompt
from app.llm.budget import Budget

_CHARACTERS_A_TOKEN = 4


class MeteredModel:
    """Asks another model with the budget's leave. `most` is the longest answer, in tokens.

    `model` gives who is asked: it may take a moment to load.
    """

    def __init__(self, name: str, model: Callable[[], Model], budget: Budget, most: int) -> None:
        self.name = name
        self._model = model
        self._budget = budget
        self._most = most

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer. Where the provider does not say what it cost, that is estimated.

        Raises:
            CallRefused: there is no money.
            ModelFailed: as the model says.
        """
        settle = await self._budget.reserve(prompt, prompt.tokens + self._most)
        heard = 0
        used: int | None = None
        try:
            async with aclosing(self._model().compose(prompt)) as events:
                async for event in events:
                    if isinstance(event, ModelText):
                        heard += len(event.text)
                    elif isinstance(event, ModelEnded):
                        used = event.tokens.total or None
                    yield event
        except ModelFailed as failure:
            used = failure.tokens.total or (None if heard else 0)
            raise
        finally:
            settle(prompt.tokens + heard // _CHARACTERS_A_TOKEN if used is None else used)
