"""A database as the first server leaves it: migrations are made once in a process of tests."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache

from app.settings import ROOT
from app.storage.db.sqlite import migrate


@cache
def migrated() -> bytes:
    """Return an empty database, as it is on the disk."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        migrate(connection, ROOT / "migrations")
        return connection.serialize()
