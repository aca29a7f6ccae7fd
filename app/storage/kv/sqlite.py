"""KV in a SQLite file, within the limits of Workers KV."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from app.storage.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pairs (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pairs_by_expiry ON pairs (expires_at);
"""
_TOTALS = """
BEGIN IMMEDIATE;
CREATE TABLE totals (pairs INTEGER NOT NULL, bytes INTEGER NOT NULL);
INSERT INTO totals SELECT count(*), coalesce(sum(length(value)), 0) FROM pairs;
CREATE TRIGGER pair_added AFTER INSERT ON pairs BEGIN
    UPDATE totals SET pairs = pairs + 1, bytes = bytes + length(NEW.value);
END;
CREATE TRIGGER pair_changed AFTER UPDATE ON pairs BEGIN
    UPDATE totals SET bytes = bytes + length(NEW.value) - length(OLD.value);
END;
CREATE TRIGGER pair_removed AFTER DELETE ON pairs BEGIN
    UPDATE totals SET pairs = pairs - 1, bytes = bytes - length(OLD.value);
END;
COMMIT;
"""
"""How many pairs there are and of how many bytes, kept with each of them: nobody counts."""

_SLICE = 50
"""Pairs that are removed in one go at most: others wait for the file no longer than that takes."""


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'totals'").fetchone():
        connection.executescript(_TOTALS)


class SqliteKv(SqliteFile):
    """Pairs with a time to live, so many of them and of so many bytes.

    Those nearest their end give way when there are more; `counts` says how many did.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float],
        *,
        most_pairs: int = 50_000,
        most_bytes: int = 1024**3,
    ) -> None:
        super().__init__(path, _prepare)
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._most_pairs = most_pairs
        self._most_bytes = most_bytes

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none or it has expired."""
        now = self._clock()

        def find(connection: sqlite3.Connection) -> bytes | None:
            row = connection.execute(
                "SELECT value FROM pairs WHERE key = ? AND expires_at > ?", (key, now)
            ).fetchone()
            return row[0] if row else None

        return await self.read(find)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds."""
        now = self._clock()

        def write(connection: sqlite3.Connection) -> int:
            connection.execute(
                "INSERT INTO pairs (key, value, expires_at) VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET value = excluded.value, "
                "expires_at = excluded.expires_at",
                (key, value, now + ttl),
            )
            return self._make_room(connection)

        if gave_way := await self.run(write):
            self.counts["kv_gave_way"] += gave_way

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        sql = "DELETE FROM pairs WHERE key = ?"
        await self.run(lambda connection: connection.execute(sql, (key,)).rowcount)

    async def expire(self) -> int:
        """Remove some of the pairs whose time is over; return how many."""
        sql = """DELETE FROM pairs WHERE key IN
            (SELECT key FROM pairs WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"""
        values = (self._clock(), _SLICE)
        return await self.run(lambda connection: connection.execute(sql, values).rowcount)

    def _make_room(self, connection: sqlite3.Connection) -> int:
        """Remove pairs until the others are within bounds; return how many."""
        for removed in range(_SLICE):
            pairs, size = connection.execute("SELECT pairs, bytes FROM totals").fetchone()
            if pairs <= self._most_pairs and size <= self._most_bytes:
                return removed
            connection.execute(
                "DELETE FROM pairs WHERE key = (SELECT key FROM pairs ORDER BY expires_at LIMIT 1)"
            )
        return _SLICE
