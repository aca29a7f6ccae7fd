"""Brings a SQLite database to the newest of `migrations/`, keeping the same ledger as D1."""

from __future__ import annotations

import sqlite3
from pathlib import Path

_LEDGER = """
CREATE TABLE IF NOT EXISTS d1_migrations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT UNIQUE,
    applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)
"""


def migrate(connection: sqlite3.Connection, folder: Path) -> None:
    """Apply what is missing, each file in a transaction with its line in the ledger."""
    connection.execute(_LEDGER)
    applied = {name for (name,) in connection.execute("SELECT name FROM d1_migrations")}
    for path in sorted(folder.glob("*.sql")):
        if path.name not in applied:
            _apply(connection, path)


def _apply(connection: sqlite3.Connection, path: Path) -> None:
    name = path.name.replace("'", "''")
    ledger = f"INSERT INTO d1_migrations (name) VALUES ('{name}');"  # noqa: S608 - our file's name
    try:
        connection.executescript(f"BEGIN IMMEDIATE;\n{path.read_text()}\n{ledger}\nCOMMIT;")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
