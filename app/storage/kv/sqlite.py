"""KV in a SQLite file: what one machine has instead of Workers KV, with the same manners."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from app.storage.kv.limits import check_pair
from app.storage.sqlite import SqliteFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS pairs (
    key TEXT PRIMARY KEY,
    value BLOB NOT NULL,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pairs_by_expiry ON pairs (expires_at);
"""

MAX_PAIRS = 50_000


def _prepare(connection: sqlite3.Connection) -> None:
    connection.executescript(_SCHEMA)


class SqliteKv:
    """Pairs with a time to live. The pairs nearest their end give way when there are too many."""

    def __init__(self, path: Path, clock: Callable[[], float], max_pairs: int = MAX_PAIRS) -> None:
        self._file = SqliteFile(path)
        self._clock = clock
        self._max_pairs = max_pairs

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
            InvalidPair: KV would never take the pair.
            StorageError: the file could not be written.
        """
        check_pair(key, value, ttl)
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
        if count > self._max_pairs:
            connection.execute(
                "DELETE FROM pairs WHERE key IN "
                "(SELECT key FROM pairs ORDER BY expires_at LIMIT ?)",
                (count - self._max_pairs,),
            )
