"""Vectors of the persona hash: bands and their edges, spellings, orders, and hostile names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, nextafter
from typing import Any

from app.domain.persona import PERSONA_TYPES, Persona, Signals
from app.personas.key import persona_hash
from tests.contract.hostile import NAMES

_EDGES = (1, 25, 50, 100, 200, 400)
_CONFIDENCES = (
    0, 0.0, 0.001, 0.0494, 0.0495, 0.04949999999999999, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, 0.28, 0.29,
    0.3, 0.35, 0.4, 0.45, 0.49999999999999994, 0.5, 0.55, 0.57, 0.58, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84,
    0.8494, 0.8495, 0.85, 0.9, 0.949, 0.95, 0.9994, 0.9995, 0.999999, 1, 1.0, 1.0000001, 7, 1e308, -0.0,
    -0.01, -1e308, 5e-324,
)  # fmt: skip


def _personas() -> Iterator[tuple[str, Persona]]:
    for kind in PERSONA_TYPES:
        yield f"the plain {kind}", Persona(kind)
    for confidence in _CONFIDENCES:
        yield (
            f"confidence {confidence!r} of {type(confidence).__name__}",
            Persona("minimalist", confidence),
        )
    for edge in _EDGES:
        for value in (nextafter(edge, -inf), edge, nextafter(edge, inf), edge - 0.01):
            yield f"orders of {value!r}", _known(Signals(value))
    for value in (0, -5, 0.5, 1e308, 399.995, 12345678901234567890):
        yield f"orders of {value!r}", _known(Signals(value))
    for sensitivity in ("low", "medium", "high"):
        yield f"{sensitivity} sensitivity", _known(Signals(price_sensitivity=sensitivity))
    yield from _names()


def _names() -> Iterator[tuple[str, Persona]]:
    for at, name in enumerate(NAMES):
        yield f"category {at}", _known(Signals(category_preferences=(name,)))
        yield f"pattern {at}", _known(Signals(browsing_patterns=("returns", name)))
    for at in range(0, len(NAMES) - 3, 3):
        yield f"categories from {at}", _known(Signals(category_preferences=NAMES[at : at + 4]))
    for at, names in enumerate(
        (
            ("b", "a", "c"),
            ("c", "b", "a", "d"),
            ("A", "a ", " a", "B", "b", "C", "d"),
            ("\uffff", "\U00010000", "\ud800"),
            ("\U0001f98a", "\uffe0", "z"),
            ("e\u0301", "\u00e9", "f"),
            ("", " ", "\t", "a"),
        )
    ):
        yield f"order {at}", _known(Signals(120.5, names, "low", names[::-1]))


def _known(signals: Signals) -> Persona:
    return Persona("collector", 0.85, signals)


def as_json(persona: Persona) -> dict[str, Any]:
    """Return a persona as the contract writes it."""
    return {
        "type": persona.type,
        "confidence": persona.confidence,
        "signals": persona.signals._asdict(),
    }


def vectors() -> list[Mapping[str, Any]]:
    """Return personas with their hashes."""
    return [
        {"name": name, "persona": as_json(persona), "hash": persona_hash(persona)}
        for name, persona in _personas()
    ]
