"""The SQL of the shop's tables, the same for SQLite and D1.

Statements of one call belong together: they are run in their order, all or none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from app.domain.facts import Fact
from app.domain.persona import Persona
from app.storage.db.rows import Generation, Visited

ANY_FACT = 2**53 - 1
"""An id beyond every fact's, which JSON carries whole."""

MOST_FACTS = 200
"""Facts kept of one shopper; of those beyond, orders give way last and the oldest first."""

_SEEN = """
INSERT INTO shoppers (id, shop_id, created_at, last_seen_at) VALUES (?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET last_seen_at = excluded.last_seen_at
"""
_PERSONA = """
SELECT personas.type, personas.confidence, personas.signals FROM shoppers
JOIN personas ON personas.hash = shoppers.current_persona_hash AND personas.shopper_id = shoppers.id
WHERE shoppers.id = ?
"""
_KEEP_PERSONA = """
INSERT INTO personas (hash, shopper_id, type, confidence, signals, created_at)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (hash, shopper_id) DO UPDATE SET confidence = excluded.confidence,
    signals = excluded.signals
"""
_MAKE_CURRENT = """
UPDATE shoppers SET current_persona_hash = ? WHERE id = ?
    AND NOT EXISTS (SELECT 1 FROM signals WHERE shopper_id = ? AND id > ?)
"""
_DROP_PERSONAS = """
DELETE FROM personas WHERE shopper_id = ? AND hash NOT IN
    (SELECT current_persona_hash FROM shoppers
        WHERE id = ? AND current_persona_hash IS NOT NULL)
    AND hash NOT IN
    (SELECT hash FROM personas WHERE shopper_id = ? ORDER BY created_at DESC LIMIT 20)
"""
_GENERATION = """
INSERT INTO ui_generations
    (id, shopper_id, persona_hash, status, kv_key, started_at, completed_at, error_message)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, completed_at = excluded.completed_at,
    error_message = excluded.error_message
"""
_FACT = "INSERT INTO signals (shopper_id, at, kind, fact) VALUES (?, ?, ?, ?)"
_DROP_FACTS = """
DELETE FROM signals WHERE shopper_id = ? AND id NOT IN
    (SELECT id FROM signals WHERE shopper_id = ? ORDER BY kind = 'purchase' DESC, id DESC LIMIT 200)
"""
_FACTS = "SELECT id, fact FROM signals WHERE shopper_id = ? ORDER BY id"
_CURRENT = "SELECT current_persona_hash FROM shoppers WHERE id = ?"


class Statement(NamedTuple):
    """SQL with the values of its question marks."""

    sql: str
    params: Sequence[str | int | float | None]


def only_reads(work: Iterable[Statement]) -> bool:
    """Whether nothing of this changes anything."""
    return all(statement.sql.lstrip().startswith("SELECT") for statement in work)


def persona_of(shopper_id: str) -> list[Statement]:
    """Return what reads a shopper's current persona: one row, or none."""
    return [Statement(_PERSONA, (shopper_id,))]


def set_persona(
    sighting: Visited, persona: Persona, persona_hash: str, judged: int = ANY_FACT
) -> list[Statement]:
    """Return what makes a persona the shopper's current one and forgets those of long ago.

    A persona judged by facts up to the id `judged` gives way where newer ones have come since:
    whoever noted those has them all.
    """
    shopper = sighting.shopper_id
    signals = json.dumps(persona.signals._asdict(), ensure_ascii=False)
    row = (persona_hash, shopper, persona.type, persona.confidence, signals, sighting.at)
    return [
        visited(sighting),
        Statement(_KEEP_PERSONA, row),
        Statement(_MAKE_CURRENT, (persona_hash, shopper, shopper, judged)),
        Statement(_DROP_PERSONAS, (shopper, shopper, shopper)),
    ]


def add_facts(sighting: Visited, facts: Iterable[Fact]) -> list[Statement]:
    """Return what notes facts; the last two read all that are kept, and the current hash."""
    shopper = sighting.shopper_id
    return [
        visited(sighting),
        *(Statement(_FACT, (shopper, sighting.at, fact.kind, fact.as_json())) for fact in facts),
        Statement(_DROP_FACTS, (shopper, shopper)),
        Statement(_FACTS, (shopper,)),
        Statement(_CURRENT, (shopper,)),
    ]


def visited(sighting: Visited) -> Statement:
    """Return what notes that a shopper was here."""
    at = sighting.at
    return Statement(_SEEN, (sighting.shopper_id, sighting.shop_id, at, at))


def generated(generation: Generation) -> Statement:
    """Return what notes how far the composing of a page has come."""
    return Statement(_GENERATION, tuple(generation))
