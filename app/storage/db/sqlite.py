"""The database of one machine: the shop's tables in a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from app.storage.db.repository import ShopRepository, Statement, only_reads
from app.storage.db.rows import Row
from app.storage.sqlite import SqliteFile

_LEDGER = """
CREATE TABLE IF NOT EXISTS d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)
"""
"""The same that D1 keeps."""


class SqliteDatabase(SqliteFile, ShopRepository):
    """The tables in one file, brought to the newest migration when it is opened.

    Every method may raise StorageError.
    """

    def __init__(self, path: Path, migrations: Path) -> None:
        super().__init__(path, lambda connection: migrate(connection, migrations))

    async def _transact(self, work: Sequence[Statement]) -> Sequence[Sequence[Row]]:
        run = self.read if only_reads(work) else self.run
        return await run(lambda connection: [_rows(connection, item) for item in work])


def _rows(connection: sqlite3.Connection, statement: Statement) -> list[Row]:
    cursor = connection.execute(statement.sql, statement.params)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def migrate(connection: sqlite3.Connection, folder: Path) -> None:
    """Apply what is missing of a folder, each file in a transaction with its line in the ledger."""
    connection.execute(_LEDGER)
    applied = {name for (name,) in connection.execute("SELECT name FROM d1_migrations")}
    for path in sorted(folder.glob("*.sql")):
        if path.name in applied:
            continue
        name = path.name.replace("'", "''")
        ledger = f"INSERT INTO d1_migrations (name) VALUES ('{name}');"  # noqa: S608 - our file's
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE;\n{path.read_text('utf-8')}\n{ledger}\nCOMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
