"""Spellings of a component's keys and types that models use, mapped to ours."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache

TYPE, CONFIG = "type", "config"

_ROLES = {
    "type": TYPE,
    "component": TYPE,
    "componenttype": TYPE,
    "kind": TYPE,
    "config": CONFIG,
    "configuration": CONFIG,
    "props": CONFIG,
    "properties": CONFIG,
    "parameters": CONFIG,
    "params": CONFIG,
    "arguments": CONFIG,
    "args": CONFIG,
    "input": CONFIG,
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_LONGEST_NAME = 64
_LONGEST_ROLE = 16


def role_of(key: str) -> str:
    """Return what a key of a component stands for: its `type`, its `config`, or nothing known."""
    return _role_of(key) if len(key) <= _LONGEST_ROLE else ""


@lru_cache(maxsize=256)
def _role_of(key: str) -> str:
    return _ROLES.get(key.lower().replace("_", ""), "")


def spelled(name: str, known: Collection[str]) -> str:
    """Return the known name that this one spells in another way, empty unless exactly one is.

    Case and the signs between words do not matter, and words may stand around it: `Hero`, `CTA`,
    `product-grid` and `heroBanner` are `hero`, `cta`, `grid` and `hero`; `hero_grid` is neither.
    """
    if not name:
        return ""
    words = f" {_words(name)} "
    found = {item for item in known if f" {_words(item)} " in words}
    return same(name, known) or (found.pop() if len(found) == 1 else "")


def same(name: str, known: Collection[str]) -> str:
    """Return the known name of the same words, as `product_id` is `productId`; empty if none is."""
    words = _words(name)
    return next((item for item in known if words and words == _words(item)), "")


@lru_cache(maxsize=256)
def _words(name: str) -> str:
    return " ".join(_WORDS.findall(name[:_LONGEST_NAME])).lower()
