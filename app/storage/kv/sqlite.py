"""KV in a SQLite file: what one machine has instead of Workers KV, with the same manners."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from app.storage.errors import InvalidPair
from app.storage.sqlite import SqliteFile

__all__ = ["InvalidPair", "KvLimits", "SqliteKv"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pairs (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pairs_by_expiry ON pairs (expires_at);
"""


class KvLimits(NamedTuple):
    """Bounds: of one key and one value in bytes, and of how many pairs are kept."""

    key: int = 512
    value: int = 25 * 1024 * 1024
    pairs: int = 50_000


_USUAL = KvLimits()


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


class SqliteKv:
    """Pairs with a time to live. The pairs nearest their end give way when there are too many."""

    def __init__(self, path: Path, clock: Callable[[], float], limits: KvLimits = _USUAL) -> None:
        self._file = SqliteFile(path)
        self._clock = clock
        self._limits = limits

    async def open(self) -> None:
        """Open the file; StorageError where that fails."""
        await self._file.open(_prepare)

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none or it has expired."""
        now = self._clock()

        def read(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT value FROM pairs WHERE key = ? AND expires_at > ?", (key, now)
            ).fetchone()
            return row[0] if row else None

        return await self._file.read(read)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: key or value is larger than KV takes.
            StorageError: the file could not be written.
        """
        if len(key.encode()) > self._limits.key or len(value) > self._limits.value:
            raise InvalidPair(f"a pair of {len(key)} and {len(value)} bytes")
        now = self._clock()

        def write(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM pairs WHERE expires_at <= ?", (now,))
            connection.execute(
                "INSERT INTO pairs (key, value, expires_at) VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
                "expires_at = excluded.expires_at",
                (key, value, now + ttl),
            )
            self._make_room(connection)

        await self._file.run(write)

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        await self._file.run(
            lambda connection: (
                connection.execute("DELETE FROM pairs WHERE key = ?", (key,)) and None
            )
        )

    def _make_room(self, connection: sqlite3.Connection) -> None:
        (count,) = connection.execute("SELECT count(*) FROM pairs").fetchone()
        if count > self._limits.pairs:
            connection.execute(
                "DELETE FROM pairs WHERE key IN "
                "(SELECT key FROM pairs ORDER BY expires_at LIMIT ?)",
                (count - self._limits.pairs,),
            )
