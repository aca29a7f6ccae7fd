"""What is wrong with a designer's styles that a browser passes over in silence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from app.content.styles import shape_faults
from app.workbench.reload.errors import Fault, line_fault
from app.workbench.reload.files import Sources

_USED = re.compile(
    r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|var\(\s*(--[\w-]+)\s*\)", re.DOTALL
)
"""A variable as a style uses it without another value, or a comment or quote to be passed over."""

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
            for fault in shape_faults(text):
                yield line_fault(file, fault.line, fault.reason, sources)
            for at, name in _unset(text, names):
                line = text.count("\n", 0, at) + 1
                yield line_fault(file, line, f"{name} is set nowhere", sources)


def _unset(text: str, names: AbstractSet[str]) -> Iterator[tuple[int, str]]:
    """Yield where a style uses a variable that is not one of these, and which."""
    for used in _USED.finditer(text):
        if used[1] and used[1] not in names:
            yield used.start(), used[1]
