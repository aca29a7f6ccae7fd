"""The database of one machine: shoppers, their personas, and the record of composed pages."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from app.models import NEWCOMER, PERSONA_TYPES, Persona, Signals
from app.services.database.migrate import migrate
from app.services.sqlite import SqliteFile

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
_GENERATION = """
INSERT INTO ui_generations
    (id, shopper_id, persona_hash, status, kv_key, started_at, completed_at, error_message)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET status = excluded.status, completed_at = excluded.completed_at,
    error_message = excluded.error_message
"""


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


class Sighting(NamedTuple):
    """A shopper was here at a time (ISO 8601)."""

    shopper_id: str
    shop_id: str
    at: str


class SqliteDatabase:
    """The tables of `migrations/` in one file. Every method may raise StorageError."""

    def __init__(self, path: Path, migrations: Path) -> None:
        self._file = SqliteFile(path)
        self._migrations = migrations

    async def open(self) -> None:
        """Open the file and bring it to the newest migration."""
        await self._file.open(lambda connection: migrate(connection, self._migrations))

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()

    async def persona_of(self, shopper_id: str) -> Persona:
        """Return the shopper's current persona; the newcomer where nothing is known."""

        def read(connection: sqlite3.Connection) -> Persona:
            row = connection.execute(_PERSONA, (shopper_id,)).fetchone()
            return _persona(*row) if row else NEWCOMER

        return await self._file.read(read)

    async def set_persona(self, sighting: Sighting, persona: Persona, persona_hash: str) -> None:
        """Make a persona the shopper's current one."""
        signals = json.dumps(persona.signals._asdict(), ensure_ascii=False)
        row = (persona_hash, sighting.shopper_id, persona.type, persona.confidence, signals)

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(_SEEN, _sighted(sighting))
            connection.execute(_KEEP_PERSONA, (*row, sighting.at))
            connection.execute(
                "UPDATE shoppers SET current_persona_hash = ? WHERE id = ?",
                (persona_hash, sighting.shopper_id),
            )

        await self._file.run(write)

    async def record(
        self, sightings: Iterable[Sighting], generations: Iterable[Generation]
    ) -> None:
        """Write who was here and what was composed, in one transaction."""
        seen = [_sighted(item) for item in sightings]
        made = [
            (
                item.id,
                item.shopper_id,
                item.persona_hash,
                item.status,
                item.kv_key,
                item.started_at,
                item.completed_at,
                item.error_message,
            )
            for item in generations
        ]

        def write(connection: sqlite3.Connection) -> None:
            connection.executemany(_SEEN, seen)
            connection.executemany(_GENERATION, made)

        await self._file.run(write)


def _sighted(item: Sighting) -> tuple[str, str, str, str]:
    return (item.shopper_id, item.shop_id, item.at, item.at)


def _persona(kind: str, confidence: float, signals: str) -> Persona:
    """Read a persona row; one that no longer makes sense is a newcomer's."""
    known = next((name for name in PERSONA_TYPES if name == kind), None)
    try:
        values = json.loads(signals)
        sensitivity = values.get("price_sensitivity")
        return Persona(
            type=known or "newcomer",
            confidence=float(confidence),
            signals=Signals(
                avg_order_value=float(values.get("avg_order_value", 0)),
                category_preferences=tuple(map(str, values.get("category_preferences", ()))),
                price_sensitivity=sensitivity if sensitivity in ("low", "high") else "medium",
                browsing_patterns=tuple(map(str, values.get("browsing_patterns", ()))),
            ),
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return NEWCOMER
