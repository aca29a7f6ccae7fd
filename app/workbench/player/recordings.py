"""Recordings: what a model once wrote, with its pace beside it, and the model that plays them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import NamedTuple

from app.domain.limits import CallLimits
from app.domain.llm import ModelEnded, ModelEvent, ModelFailed, ModelText, Prompt
from app.workbench.safe_write import RECORDINGS, NotWritten, write

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
_PIECE, _PAUSE = 24, 62
_LARGEST = 256 * 1024
_MOST_PIECES = 20_000


class Piece(NamedTuple):
    """A piece of a model's text, and when it came: milliseconds after the asking."""

    at: int
    text: str


def names(root: Path) -> list[str]:
    """Return the names of the recordings."""
    folder = root / RECORDINGS
    paths = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    return [path.stem for path in paths if NAME.fullmatch(path.stem) and not path.is_symlink()]


def read(root: Path, name: str) -> list[Piece] | None:
    """Return a recording, at its own pace where that was kept, else at the house's."""
    path = root / RECORDINGS / f"{name}.txt"
    try:
        if name not in names(root) or path.stat().st_size > _LARGEST:
            return None
        text = path.read_text("utf-8-sig").removesuffix("\n")
    except (OSError, ValueError):
        return None
    return _paced(text, path.with_suffix(".pace.json")) or at_a_pace(text)


def at_a_pace(text: str) -> list[Piece]:
    """Return a text in pieces at the pace of the house model."""
    starts = range(0, len(text), _PIECE)
    return [Piece((at + 1) * _PAUSE, text[s : s + _PIECE]) for at, s in enumerate(starts)]


def save(root: Path, name: str, pieces: Sequence[Piece]) -> None:
    """Keep what a model wrote under a name that is free.

    Raises:
        NotWritten: the name is none or is taken, or the disk did not take it.
    """
    if not NAME.fullmatch(name):
        raise NotWritten("a recording's name is of small letters, digits and dashes")
    text = "".join(piece.text for piece in pieces)
    pace = [[piece.at, len(piece.text)] for piece in pieces]
    write(root, f"{RECORDINGS}/{name}.txt", f"{text}\n".encode(), fresh=True)
    write(root, f"{RECORDINGS}/{name}.pace.json", json.dumps(pace).encode())


def _paced(text: str, path: Path) -> list[Piece]:
    """Cut a text as it came; nothing where no pace was kept, or it is of another text."""
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
        return []
    try:
        pace = [(int(at), int(length)) for at, length in json.loads(path.read_text("utf-8"))]
    except (ValueError, TypeError, OverflowError, RecursionError, OSError):
        return []
    if len(pace) > _MOST_PIECES or sum(length for _, length in pace) != len(text):
        return []
    pieces, start = [], 0
    for at, length in pace:
        pieces.append(Piece(at, text[start : start + length]))
        start += length
    return pieces


class ReplayModel:
    """A model that writes recorded pieces at once, and keeps a clock of when each had come.

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
