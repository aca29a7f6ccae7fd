"""The steps that play a response: what to write, where to wait, how to leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Run:
    """Pieces to write one by one, each `gap` seconds after the last; 0 is as fast as possible."""

    pieces: tuple[bytes, ...]
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds in which nothing is sent."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A place where the stream waits to be released."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the connection is left; `every` is the seconds between the comments of a stall."""

    how: Literal["keep", "cut", "reset", "stall"] = "keep"
    every: float = 0.0


Step = Run | Wait | Hold | Ending
