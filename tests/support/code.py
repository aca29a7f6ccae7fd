"""Our own modules as trees of statements, each read once however many tests look at it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


@cache
def statements(path: Path) -> tuple[ast.AST, ...]:
    """Return every statement of a module, wherever in it, without the expressions within."""
    found: list[ast.AST] = [ast.parse(path.read_bytes())]
    for node in found:
        for block in _BLOCKS:
            found += getattr(node, block, ())
    return tuple(found)
