"""Remembers how short components of each type were: before that, none ends in an answer."""

from __future__ import annotations

from collections import deque

_LATEST = 8
_SURE = 0.8
"""Of the shortest that was seen lately: the next may be shorter."""


class Lengths:
    """The lengths in characters of components in the latest answers of each model, by type."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], deque[int]] = {}

    def note(self, model: str, lengths: dict[str, int]) -> None:
        """Note the lengths in an answer; it is for the caller to see that types are few."""
        shortest = {"": min(lengths.values())} if lengths else {}
        for type_, length in (lengths | shortest).items():
            self._latest.setdefault((model, type_), deque(maxlen=_LATEST)).append(length)

    def least(self, model: str, type_: str) -> int:
        """Return how long a component will be at least; any, where its type is not known.

        It is 0 where nothing has been seen of the model.
        """
        latest = self._latest.get((model, type_)) or self._latest.get((model, "")) or (0,)
        return int(min(latest) * _SURE)
