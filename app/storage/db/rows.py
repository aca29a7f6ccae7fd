"""What is written to the database, and what is read from its rows, wherever it is."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from typing import Any, NamedTuple, NoReturn

from app.domain.facts import SECONDS_A_DAY, Fact, read_fact
from app.domain.persona import (
    MAX_NAME_LENGTH,
    MAX_NAMES,
    MAX_ORDER_VALUE,
    NEWCOMER,
    PERSONA_TYPES,
    Persona,
    Signals,
)

_FACTS_REMEMBERED = 16_384

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
    model: str | None = None
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    decision: str = ""


class Visited(NamedTuple):
    """A shopper was here at a time (ISO 8601)."""

    shopper_id: str
    shop_id: str
    at: str


class PageViews(NamedTuple):
    """What was seen of a store page on a day (since the epoch), in an arm, by a type of persona.

    `decision` is what decided the page, empty for the plain one. A row is [slot, component,
    product, place, shown, clicked].
    """

    day: int
    arm: str
    persona: str
    decision: str
    rows: Sequence[tuple[str, str, str, int, int, int]]


class ShopperHistory(NamedTuple):
    """What is known of a shopper: the facts in their order, and the hash last judged by them.

    `newest` is the id of the last fact, 0 where there is none.
    """

    facts: tuple[Fact, ...]
    persona_hash: str | None
    last_fact_id: int = 0


def stamp(moment: float, days: float = 0) -> str:
    """Return a moment (Unix seconds), or the one so many days before it, as records state it."""
    then = datetime.fromtimestamp(moment - days * SECONDS_A_DAY, UTC)
    return then.isoformat(timespec="milliseconds")


def read_persona(row: Row) -> Persona:
    """Read a persona's row within the bounds of signals; what makes no sense is a newcomer's."""
    confidence = _number(row["confidence"], 1)
    signals = _json(row["signals"])
    if confidence is None or not isinstance(signals, dict):
        return NEWCOMER
    value = _number(signals.get("avg_order_value", 0), MAX_ORDER_VALUE)
    categories = _names(signals.get("category_preferences", []))
    patterns = _names(signals.get("browsing_patterns", []))
    if value is None or categories is None or patterns is None:
        return NEWCOMER
    sensitivity = signals.get("price_sensitivity")
    return Persona(
        next((name for name in PERSONA_TYPES if name == row["type"]), "newcomer"),
        confidence,
        Signals(
            avg_order_value=value,
            category_preferences=categories,
            price_sensitivity=sensitivity if sensitivity in ("low", "high") else "medium",
            browsing_patterns=patterns,
        ),
    )


def read_facts(rows: Iterable[Row]) -> tuple[Fact, ...]:
    """Read facts' rows; what no longer makes sense is passed over."""
    read = (_fact(row["fact"]) for row in rows)
    return tuple(fact for fact in read if fact is not None)


def read_shoppers_facts(rows: Iterable[Row]) -> Iterator[tuple[str, Fact]]:
    """Read facts' rows with whose they are one by one, remembering none; likewise."""
    read = ((row["shopper_id"], read_fact(_json(row["fact"]))) for row in rows)
    return ((shopper, fact) for shopper, fact in read if fact is not None)


@lru_cache(_FACTS_REMEMBERED)
def _fact(text: Any) -> Fact | None:
    """Read a fact once: each beacon is judged with all that its shopper did before it."""
    return read_fact(_json(text))


def _json(text: Any) -> object:
    try:
        return _DECODER.decode(text)
    except (ValueError, TypeError, RecursionError):
        return None


def _number(value: object, most: float) -> float | None:
    """Return a number from 0 to `most`; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return min(max(number, 0.0), most) if isfinite(number) else None


def _names(value: object) -> tuple[str, ...] | None:
    """Return the first of a list's texts, each cut to its longest; None for what is no list."""
    if not isinstance(value, list):
        return None
    texts = [name[:MAX_NAME_LENGTH] for name in value if isinstance(name, str)]
    return tuple(texts[:MAX_NAMES])


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse)
"""Made once: json.loads makes one for each text."""
