"""What is wrong with a feed: gathered while it is read, raised where nothing of it can be sold."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import TypeVar

from app.domain.catalog import FeedIssue
from app.util.errors import OperatorError

T = TypeVar("T")

Note = Callable[[str], object]
"""Takes what is wrong with something that is sold all the same."""

WHOLE_FILE = 0
"""In place of the line of a problem that is the file's and no row's."""

_MOST_KEPT = 500
_MOST_LISTED = 5
_MOST_KINDS = 20
_LONGEST_SHOWN = 60
_VALUE = re.compile(r"'[^']*'")
_KINDS = {dict: "an object", list: "a list", bool: "true or false"}


class CatalogError(OperatorError):
    """A catalog cannot be sold from. The message names file, line and reason on one line."""

    def __init__(self, path: Path, problems: tuple[FeedIssue, ...]) -> None:
        listed = "; ".join(in_words(problem) for problem in problems[:_MOST_LISTED])
        unlisted = len(problems) - _MOST_LISTED
        super().__init__(
            f"{path}: {listed}" + (f"; and {unlisted} more problems" if unlisted > 0 else "")
        )
        self.path = path
        self.problems = problems

    @classmethod
    def of(cls, path: Path, reason: str, line: int = WHOLE_FILE) -> CatalogError:
        """Return the error of one problem."""
        return cls(path, (FeedIssue(line, reason),))


class InvalidProduct(ValueError):
    """A value of a feed cannot be used. Its text says why, and is safe to log."""


def attempt(read: Callable[[], T], note: Note, without: str) -> T | None:
    """Return what is read; None where it cannot be used: `note` gets what is done `without` it."""
    try:
        return read()
    except InvalidProduct as error:
        note(f"{without}: {error}")
        return None


class Report:
    """Collects the problems of one feed. Beyond a bound they are only counted, by kind.

    `progress` is called with how much of the feed has been read, up to 1. `until` (Unix seconds) is
    when some of it will say something else, as where a sale ends.
    """

    def __init__(self, progress: Callable[[float], object] = float) -> None:
        self.reached = progress
        self.until = inf
        self._kept: list[FeedIssue] = []
        self._dropped = Counter[str]()
        self._last = WHOLE_FILE

    def add(self, line: int, reason: str, product: str = "") -> None:
        """Note a problem; `product` is the id that the feed gives, in whatever state."""
        if len(self._kept) < _MOST_KEPT:
            self._kept.append(FeedIssue(line, reason, shown(product)))
        else:
            kind = kind_of(reason)
            self._dropped[kind if len(self._dropped) < _MOST_KINDS else ""] += 1
            self._last = max(self._last, line)

    def __len__(self) -> int:
        """Return how many problems were noted."""
        return len(self._kept) + self._dropped.total()

    def problems(self) -> tuple[FeedIssue, ...]:
        """Return what was noted, by line."""
        kept = sorted(self._kept, key=lambda problem: problem.line)
        for kind, total in self._dropped.most_common():
            of_kind = f": {kind}" if kind else ""
            kept.append(FeedIssue(self._last, f"{total} more problems are not listed{of_kind}"))
        return tuple(kept)


def by_kind(problems: Iterable[FeedIssue]) -> Iterator[str]:
    """Yield a line for each kind of problem, the commonest first: how many, why, and where."""
    kinds: dict[str, list[FeedIssue]] = {}
    for problem in problems:
        kinds.setdefault(kind_of(problem.reason), []).append(problem)
    for kind, alike in sorted(kinds.items(), key=lambda item: -len(item[1])):
        reason = kind if len(alike) > 1 else alike[0].reason
        places = [
            f"{item.line or ''}{f' ({item.product})' if item.product else ''}".strip()
            for item in alike[:_MOST_LISTED]
        ]
        line = "line " if alike[0].line else ""
        others = ", ..." if len(alike) > _MOST_LISTED else ""
        where = f": {line}{', '.join(places)}{others}" if any(places) else ""
        yield f"{len(alike)} x {reason}{where}"


def kind_of(reason: str) -> str:
    """Return a reason without the values that it names."""
    return _VALUE.sub("'...'", reason)


def shown(value: object) -> str:
    """Return a value of a feed for a person to read: printable, short, on one line."""
    text = str(value) if isinstance(value, (str, Decimal)) else _KINDS.get(type(value), "null")
    short = text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


def in_words(problem: FeedIssue) -> str:
    """Return a problem on one line."""
    product = f" ({problem.product})" if problem.product else ""
    line = f"line {problem.line}: " if problem.line else ""
    return f"{line}{problem.reason}{product}"
