"""Finds brackets, comments and quotes in CSS that do not end and would swallow the next file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_PARTS = re.compile(
    r"""
    [^/"'{}]+  # most of a style, in one go
    | (?P<comment> /\* (?: .*? (?P<ended>\*/) | .* ) )
    | (?P<quote> " (?:\\.|[^"\\\n])* (?P<double>")? | ' (?:\\.|[^'\\\n])* (?P<single>')? )
    | (?P<opening> \{ ) | (?P<closing> \} )
    """,
    re.DOTALL | re.VERBOSE,
)


class StyleFault(NamedTuple):
    """Something wrong at a line, counted from 1."""

    line: int
    reason: str


def shape_faults(text: str) -> Iterator[StyleFault]:
    """Yield brackets, comments and quotes that do not end, and brackets that close none."""
    for at, reason in _shape_faults(text):
        yield StyleFault(text.count("\n", 0, at) + 1, reason)


def _shape_faults(text: str) -> Iterator[tuple[int, str]]:
    opened: list[int] = []
    for part in _PARTS.finditer(text):
        if part["comment"] and not part["ended"]:
            yield part.start(), "a comment does not end"
        elif part["quote"] and not (part["double"] or part["single"]):
            yield part.start(), "a quote does not end"
        elif part["opening"]:
            opened.append(part.start())
        elif part["closing"] and not opened:
            yield part.start(), "a bracket closes what none has opened"
        elif part["closing"]:
            opened.pop()
    for at in opened:
        yield at, "a bracket is not closed"
