"""A composer that plays what was recorded, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

from app.design.recordings import Piece
from app.models import Brief, ModelEnded, ModelEvent, ModelFailed, ModelText


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
