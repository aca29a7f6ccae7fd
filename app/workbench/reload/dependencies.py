"""Finds the templates that include, import or extend one that was saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, meta

_READ = Environment(autoescape=True)


def drawn_with(changed: Iterable[str], texts: Mapping[str, str]) -> set[str]:
    """Return the templates that are drawn with one of these, and these themselves."""
    users: dict[str, set[str]] = {}
    for name, text in texts.items():
        for used in _references(text):
            users.setdefault(used, set()).add(name)
    found: set[str] = set()
    waiting = list(changed)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += users.get(name, ())
    return found


@lru_cache(1024)
def _references(text: str) -> frozenset[str]:
    if "import" not in text and "extends" not in text and "include" not in text:
        return frozenset()
    try:
        return frozenset(filter(None, meta.find_referenced_templates(_READ.parse(text))))
    except TemplateSyntaxError:
        return frozenset()
