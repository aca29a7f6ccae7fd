"""Reads a component's slots and props from its Python file without importing it.

The shop opens with its fallbacks drawn, and does not wait for pydantic, which the props need.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any

from app.domain.page import Choice, Kind

_NAMES = {"ProductId": "products", "Category": "categories"}
_MARKS = {"alike", "described", "viewed"}
"""The kinds of value in fields.py that name what the shop sells, and what it asks of them."""


@lru_cache(1024)
def kind_in(source: str) -> Kind | None:
    """Return the kind whose props a module states; None where it states none of the usual form.

    Raises:
        SyntaxError: it is not Python.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            fields = [field for field in node.body if isinstance(field, ast.AnnAssign)]
            stated = {_name(field.target): field for field in fields}
            slots = _literal(stated["slots"].value) if "slots" in stated else None
            if isinstance(slots, tuple):
                choices = (_choice(name, field) for name, field in stated.items())
                return Kind(slots, tuple(choice for choice in choices if choice))
    return None


def _choice(name: str, field: ast.AnnAssign) -> Choice | None:
    names = {part.id for part in ast.walk(field.annotation) if isinstance(part, ast.Name)}
    of = next((_NAMES[name] for name in sorted(names & _NAMES.keys())), "")
    if of and "list" in names:
        keywords = field.value.keywords if isinstance(field.value, ast.Call) else []
        limits: dict[str | None, Any] = {item.arg: _literal(item.value) for item in keywords}
        least, most = limits.get("min_length") or 1, limits.get("max_length") or 1
        return Choice(name, of, least, max(least, most), frozenset(names & _MARKS))
    if of:
        return Choice(name, of, marks=frozenset(names & _MARKS))
    literal = field.annotation
    if isinstance(literal, ast.Subscript) and _name(literal.value) == "Literal":
        words = _literal(literal.slice)
        return Choice(name, "words", words=words if isinstance(words, tuple) else (words,))
    return None


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else ""


def _literal(node: ast.AST | None) -> Any:
    """Return what a node states as it stands; None for all that would have to be run."""
    try:
        return ast.literal_eval(node) if node is not None else None
    except ValueError:
        return None
