"""A model whose every call is paid for, and which is not asked when there is no money."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from app.domain.llm import ModelEnded, ModelEvent, ModelFailed, ModelText, Prompt
from app.llm.budget import Budget
from app.llm.retry import Composer

_CHARACTERS_A_TOKEN = 4


class MeteredModel:
    """Asks another composer with the purse's leave. `most` is the longest answer, in tokens."""

    def __init__(self, inner: Composer, purse: Budget, most: int) -> None:
        self._inner = inner
        self._purse = purse
        self._most = most

    @property
    def model(self) -> str:
        """The composer's model."""
        return self._inner.model

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the answer. Where the provider does not say what it cost, that is estimated.

        Raises:
            NotAsked: there is no money.
            ModelFailed: as the composer says.
        """
        bill = await self._purse.reserve(brief, brief.tokens + self._most)
        heard = 0
        used: int | None = None
        try:
            async with aclosing(self._inner.compose(brief)) as events:
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
            bill.settle(brief.tokens + heard // _CHARACTERS_A_TOKEN if used is None else used)
