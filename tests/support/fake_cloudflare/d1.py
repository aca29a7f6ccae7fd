"""D1: SQLite with the project's migrations, a batch a transaction, and D1's bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from threading import Lock
from typing import Any

from tests.support.tables import migrated


class Refused(Exception):
    """SQL that D1 does not run."""


class D1:
    """A database in memory."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connection = sqlite3.connect(
            ":memory:", check_same_thread=False, isolation_level=None
        )
        self._connection.deserialize(migrated())
        self._connection.execute("PRAGMA foreign_keys=ON")

    def close(self) -> None:
        self._connection.close()

    def batch(self, statements: Sequence[tuple[str, Sequence[Any]]]) -> list[list[dict[str, Any]]]:
        """Run statements, all or none."""
        with self._lock:
            self._connection.execute("BEGIN")
            try:
                found = [self._run(sql, params) for sql, params in statements]
            except (sqlite3.Error, Refused) as error:
                self._connection.execute("ROLLBACK")
                raise Refused(str(error)) from error
            self._connection.execute("COMMIT")
            return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds, for a test to look at."""
        with self._lock:
            return self._connection.execute(query).fetchall()

    def _run(self, sql: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        if len(params) > 100 or len(sql) > 100_000:
            raise Refused("beyond D1's bounds")
        if any(not isinstance(value, str | int | float | None) for value in params):
            raise Refused("a value D1 does not bind")
        cursor = self._connection.execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
