"""A composer that plays what was recorded, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from app.domain.limits import CallLimits
from app.domain.llm import ModelEnded, ModelEvent, ModelFailed, ModelText, Prompt
from app.workbench.player.recordings import Piece


class ReplayModel:
    """A composer that writes recorded pieces at once and says on a clock of its own when each came.

    It is given as much time as a provider is; `broken` ends it as a lost connection would.
    """

    name = "recording"

    def __init__(
        self, pieces: Sequence[Piece], limits: CallLimits, *, broken: bool = False
    ) -> None:
        self.now = 0.0
        self._pieces = pieces
        self._limits = limits
        self._broken = broken

    async def compose(self, _: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Yield the pieces.

        Raises:
            ModelFailed: it was silent for too long, or broke off.
        """
        limits = self._limits
        for at, piece in enumerate(self._pieces):
            patience = limits.idle if at else limits.first_token
            late = min(self.now + patience, limits.total)
            if piece.at / 1000 > late:
                self.now = late
                raise ModelFailed("TIMEOUT", "no text for too long", retryable=True)
            self.now = max(self.now, piece.at / 1000)
            yield ModelText(piece.text)
            await asyncio.sleep(0)
        if self._broken:
            raise ModelFailed("MODEL_UNAVAILABLE", "the answer broke off", retryable=True)
        yield ModelEnded()
