"""Turns a component's JSON into a proposal, whatever a model calls its parts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from app.domain.page import Proposal, Refusal
from app.generation.parser.names import CONFIG, TYPE, role_of, spelled

_HALF = re.compile("[\ud800-\udfff]")
_TYPE = re.compile(r'"type":"([a-z][a-z0-9_-]{0,39})"')
_SLOT_KEYS = ("id", "slot")
CALLS = ("function", "tool_use", "tool_call", "function_call")
"""Types of a call, as some gateways write one into the text; its name is the component's."""

_LIKE_CONFIG = ("content", "data", "settings", "attributes", "values", "fields")
"""Keys under which props stand as well, where there is no better one."""


class Names(NamedTuple):
    """What names a component that does not state its type: the key it stands under, if `known`.

    `known` are the kinds of components and the slots.
    """

    key: str = ""
    known: Collection[str] = ()


def read_proposal(text: str, repairs: Counter[str], names: Names) -> Proposal | Refusal:
    """Take a component's JSON for a proposal; `repairs` counts what had to be overlooked."""
    try:
        value = _loads(text, repairs)
    except (ValueError, RecursionError):
        return Refusal("MALFORMED_JSON", type_in(text))
    kind, type_key = _type_of(value, names)
    kind = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
    if not isinstance(kind, str) or not kind:
        return Refusal("NO_TYPE")
    if type_key != "type":
        repairs["TYPE_KEY" if type_key else "KEYED_BY_TYPE"] += 1
    config = _config_of(value, type_key, repairs)
    if not isinstance(config, dict):
        return Refusal("MALFORMED_CONFIG", type_in(text))
    above = names.key if spelled(names.key, names.known) else ""
    slot = value.get("id", value.get("slot", above))
    if not isinstance(slot, str):
        repairs["ID_NOT_TEXT"] += 1
        slot = ""
    return Proposal(kind, slot, config)


def type_in(text: str) -> str:
    """Return the type a component's text names, if it is fit to be repeated."""
    found = _TYPE.search(text)
    return found.group(1) if found else ""


def _loads(text: str, repairs: Counter[str]) -> Any:
    """Read JSON; doubled keys and lone halves of characters are dropped and counted.

    Raises:
        ValueError, RecursionError: it cannot be read.
    """

    def merged(pairs: list[tuple[str, object]]) -> dict[str, object]:
        value = dict(pairs)
        if len(value) != len(pairs):
            repairs["DUPLICATE_KEY"] += 1
        return value

    value = json.loads(text, strict=False, object_pairs_hook=merged)
    may_hold_halves = "\\u" in text or not text.isascii()
    return _without_halves(value, repairs) if may_hold_halves else value


def _without_halves(value: Any, repairs: Counter[str]) -> Any:
    match value:
        case str():
            whole, lone = _HALF.subn("", value)
            if lone:
                repairs["LONE_SURROGATE"] += lone
            return whole
        case list():
            return [_without_halves(item, repairs) for item in value]
        case dict():
            return {key: _without_halves(item, repairs) for key, item in value.items()}
    return value


def _type_of(value: Mapping[str, object], names: Names) -> tuple[object, str]:
    """Return a component's type, and the key that states it: empty where it stands above."""
    stated = value.get("type", "function")
    if stated not in CALLS or stated in names.known:
        return stated, "type"
    for key, item in value.items():
        if role_of(key) == TYPE and isinstance(item, str) and item not in CALLS:
            return item, key
    if spelled(names.key, names.known):
        return names.key, ""
    for key in ("name", *_SLOT_KEYS):
        item = value.get(key)
        if isinstance(item, str) and spelled(item, names.known):
            return item, key
    return None, ""


def _config_of(value: Mapping[str, object], type_key: str, repairs: Counter[str]) -> object:
    """Return a component's props: its config, by whatever name, or what stands beside its type."""
    beside = [key for key in value if key not in (type_key, *_SLOT_KEYS)]
    named = [key for key in beside if role_of(key) == CONFIG]
    if not named:
        nested = [key for key in beside if isinstance(value[key], dict)]
        named = [key for key in nested if len(beside) == 1 or key.lower() in _LIKE_CONFIG]
    key = "config" if "config" in named else next(iter(named), "")
    if not key or value[key] is None:
        repairs["FLAT_CONFIG"] += 1
        return {key: value[key] for key in beside if key != "config"}
    if key != "config":
        repairs["CONFIG_KEY"] += 1
    config = value[key]
    if isinstance(config, str):
        repairs["CONFIG_AS_TEXT"] += 1
        try:
            config = _loads(config, repairs)
        except (ValueError, RecursionError):
            return None
    match config:
        case [dict(only)]:
            repairs["NESTED_CONFIG"] += 1
            return only
    return config
