"""What is written to the database, and what is read from its rows, wherever it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, NoReturn

from app.domain.facts import Fact, read_fact
from app.domain.persona import NEWCOMER, PERSONA_TYPES, Persona, Signals

Row = Mapping[str, Any]


class Generation(NamedTuple):
    """One composing of one page. Times are ISO 8601; the message is a code, never content."""

    id: str
    shopper_id: str
    persona_hash: str
    status: str
    kv_key: str
    started_at: str
    completed_at: str | None = None
    error_message: str | None = None


class Visited(NamedTuple):
    """A shopper was here at a time (ISO 8601)."""

    shopper_id: str
    shop_id: str
    at: str


class ShopperHistory(NamedTuple):
    """What is known of a shopper: the facts in their order, and the hash last judged by them.

    `newest` is the id of the last fact, 0 where there is none.
    """

    facts: tuple[Fact, ...]
    persona_hash: str | None
    last_fact_id: int = 0


def read_persona(row: Row) -> Persona:
    """Read a persona's row; one that no longer makes sense is a newcomer's."""
    known = next((name for name in PERSONA_TYPES if name == row["type"]), None)
    try:
        values = json.loads(row["signals"], parse_constant=_refuse)
        sensitivity = values.get("price_sensitivity")
        return Persona(
            type=known or "newcomer",
            confidence=float(row["confidence"]),
            signals=Signals(
                avg_order_value=_number(values.get("avg_order_value", 0)),
                category_preferences=tuple(map(str, values.get("category_preferences", ()))),
                price_sensitivity=sensitivity if sensitivity in ("low", "high") else "medium",
                browsing_patterns=tuple(map(str, values.get("browsing_patterns", ()))),
            ),
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return NEWCOMER


def read_facts(rows: Iterable[Row]) -> tuple[Fact, ...]:
    """Read facts' rows; what no longer makes sense is passed over."""
    read = (read_fact(_json(row["fact"])) for row in rows)
    return tuple(fact for fact in read if fact is not None)


def _json(text: Any) -> object:
    try:
        return json.loads(text, parse_constant=_refuse)
    except (ValueError, TypeError, RecursionError):
        return None


def _number(value: Any) -> float:
    if isinstance(value, str):
        raise TypeError("a text is no number, whatever it spells")
    return float(value)


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
