"""What is wrong with a designer's styles that a browser passes over in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from app.workbench.reload.errors import Fault, line_fault
from app.workbench.reload.files import Sources

_PARTS = re.compile(
    r"""
    (?P<comment> /\* (?: .*? (?P<ended>\*/) | .* ) )
    | (?P<quote> " (?:\\.|[^"\\\n])* (?P<double>")? | ' (?:\\.|[^'\\\n])* (?P<single>')? )
    | (?P<opening> \{ ) | (?P<closing> \} )
    | var\( \s* (?P<name> --[\w-]+ ) \s* \)
    """,
    re.DOTALL | re.VERBOSE,
)
_SET = re.compile(r"(--[\w-]+)(?:\s*[:{]|[\"']\s*,)")
"""A variable as a style sets it, `@property` declares it, or a script passes it on."""


def style_faults(sources: Sources, ours: Sources) -> Iterator[Fault]:
    """Yield brackets, comments and quotes that do not end, and variables that nothing sets.

    Of `ours`, a shop is served the static files that it does not have.
    """
    texts = {**ours.within("static"), **sources.within("static"), **sources.within("components")}
    names = {name for text in texts.values() for name in _SET.findall(text)}
    for file, text in sources.texts.items():
        if file.endswith(".css"):
            for at, reason in _faults(text, names):
                yield line_fault(file, text.count("\n", 0, at) + 1, reason, sources)


def _faults(text: str, names: AbstractSet[str]) -> Iterator[tuple[int, str]]:
    """Yield where in a style something is wrong, and what."""
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
        elif part["name"] and part["name"] not in names:
            yield part.start(), f"{part['name']} is set nowhere"
    for at in opened:
        yield at, "a bracket is not closed"
