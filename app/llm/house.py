"""The house model: the components that rules chose, streamed as a model's JSON would be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

from app.domain.llm import ModelEnded, ModelEvent, ModelText, Prompt

_PIECE = 24
_PIECES_A_SECOND = 16.0


class HouseModel:
    """Writes what its rules choose. `pace` scales its pauses: 0 has none, 2 twice as long ones."""

    name = "house"

    def __init__(
        self, rules: Callable[[Prompt], Sequence[dict[str, Any]]], pace: float = 1.0
    ) -> None:
        self._rules = rules
        self._pause = pace / _PIECES_A_SECOND

    async def compose(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the components for the slots that are asked for; it never fails."""
        chosen = [item for item in self._rules(prompt) if item["id"] in prompt.slots]
        text = json.dumps({"components": chosen}, ensure_ascii=False)
        for start in range(0, len(text), _PIECE):
            yield ModelText(text[start : start + _PIECE])
            if self._pause > 0:
                await asyncio.sleep(self._pause)
        yield ModelEnded()
