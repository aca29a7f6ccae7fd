"""Vectors of stored personas: rows of the database, and the persona that is read from each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.domain.persona import MAX_NAME_LENGTH, MAX_NAMES, MAX_ORDER_VALUE, PERSONA_TYPES
from app.storage.db.rows import read_persona
from tests.contract.hashes import as_json
from tests.contract.hostile import NAMES, NOT_NAMES, NOT_NUMBERS

_SIGNALS: Mapping[str, object] = {
    "avg_order_value": 120.5,
    "category_preferences": ["Ceramics", "Café"],
    "price_sensitivity": "low",
    "browsing_patterns": ["compares", "returns"],
}


class Case(NamedTuple):
    """A row of `personas`; its columns hold what SQLite puts into them."""

    name: str
    type: object = "collector"
    confidence: object = 0.85
    signals: object = json.dumps(_SIGNALS)


def told(**changes: object) -> str:
    """Return stored signals of which some fields are others."""
    return json.dumps({**_SIGNALS, **changes})


def _cases() -> Iterator[Case]:
    yield Case("as it is written")
    for kind in (*PERSONA_TYPES, "wizard", "Collector", "", None, 7, "__proto__"):
        yield Case(f"the type {kind!r}", type=kind)
    for confidence in (0, 0.0, 1, 0.5, -0.1, 1.1, 1e300, *NOT_NUMBERS):
        yield Case(f"a confidence of {confidence!r}", confidence=confidence)
    most = MAX_ORDER_VALUE
    for value in (0, 12.5, -3, most, most + 1, 10**30, 10**400, *NOT_NUMBERS):
        name = f"orders of {value!r:.40}"
        yield Case(name, signals=told(avg_order_value=value))
    for number in (
        "NaN",
        "Infinity",
        "-Infinity",
        "1e999",
        "0x10",
        "1_000",
        "01",
        "+1",
        ".5",
        "5.",
    ):
        text = f'{{"avg_order_value":{number}}}'
        yield Case(f"orders of {number} as JSON should not have it", signals=text)
    for sensitivity in ("low", "medium", "high", "extreme", "Low", "", *NOT_NAMES):
        name = f"the sensitivity {sensitivity!r}"
        yield Case(name, signals=told(price_sensitivity=sensitivity))
    yield from _names()
    yield from _texts()


def _names() -> Iterator[Case]:
    for field in ("category_preferences", "browsing_patterns"):
        for value in (*NOT_NAMES, "Lamps"):
            yield Case(f"{field} of {value!r}", signals=told(**{field: value}))
        for count in (MAX_NAMES, MAX_NAMES + 1):
            names = [f"n{at}" for at in range(count)]
            yield Case(f"{count} {field}", signals=told(**{field: names}))
            yield Case(f"{count} {field} and no names", signals=told(**{field: [1, None, *names]}))
    yield Case("all hostile names", signals=told(category_preferences=list(NAMES)[:MAX_NAMES]))
    yield Case("more hostile names", signals=told(category_preferences=list(NAMES)[MAX_NAMES:]))
    for letter in ("x", "é", "家", "\U0001f98a"):
        for length in (MAX_NAME_LENGTH - 1, MAX_NAME_LENGTH, MAX_NAME_LENGTH + 1):
            name = f"a name of {length} times U+{ord(letter):04X}"
            yield Case(name, signals=told(category_preferences=["short", letter * length]))
    halved = "x" * (MAX_NAME_LENGTH - 1) + "\U0001f98a"
    yield Case("a pair of surrogates at the edge", signals=told(browsing_patterns=[halved]))


def _texts() -> Iterator[Case]:
    texts: tuple[object, ...] = (
        *("", " ", "not json", "[]", "[1]", "7", "null", "true", '"text"', "{", "{}", '{"a":1,}'),
        *('{"more": 1}', " \t\n{} ", "\ufeff{}", "{'a': 1}", '{"a": "\x01"}', "[" * 2_000),
        *('{"avg_order_value": 1, "avg_order_value": 2}', '{"__proto__": {"avg_order_value": 9}}'),
        *(None, 0, 12.5),
    )
    for at, text in enumerate(texts):
        yield Case(f"signals that are stored as {at}: {text!r:.40}", signals=text)


def vectors() -> list[Mapping[str, Any]]:
    """Return rows with the personas that they hold."""
    return [
        {"name": case.name, "row": row, "persona": as_json(read_persona(row))}
        for case in _cases()
        for row in [{name: value for name, value in case._asdict().items() if name != "name"}]
    ]
