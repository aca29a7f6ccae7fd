"""The databases that hold shoppers, open, empty, and with what else is asked of them by tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT
from app.storage.db.postgres import PostgresDatabase
from app.storage.db.repository import ShopRepository, Statement
from app.storage.db.sqlite import SqliteDatabase
from tests.support.tables import migrated
from tools.support.postgres import Postgres

MIGRATIONS = ROOT / "migrations"
KINDS = ("sqlite", pytest.param("postgres", marks=pytest.mark.process))


class OpenDatabase(ShopRepository):
    """A database that can be read behind the shop's back."""

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement; return its rows."""
        (found,) = await self._run(Statement(sql, ()))
        return [tuple(row.values()) for row in found]


class _Sqlite(OpenDatabase, SqliteDatabase):
    pass


class _Postgres(OpenDatabase, PostgresDatabase):
    pass


@asynccontextmanager
async def opened(request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[OpenDatabase]:
    """Open an empty database of the kind that a fixture's parameter names."""
    made: _Sqlite | _Postgres
    if request.param == "sqlite":
        file = folder / "shop.sqlite3"
        file.write_bytes(migrated())
        made = _Sqlite(file, MIGRATIONS)
    else:
        server: Postgres = request.getfixturevalue("postgres")
        made = _Postgres(server.new_schema(), MIGRATIONS)
    await made.open()
    try:
        yield made
    finally:
        await made.close()
