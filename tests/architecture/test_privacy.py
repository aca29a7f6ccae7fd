"""What is said to be stored of a shopper is what the schema has, column by column."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from app.settings import ROOT
from app.storage.db.sqlite import migrate

TEXT = (ROOT / "docs" / "privacy.md").read_text()
OURS = ("d1_migrations", "sqlite_sequence")
"""Tables that say nothing of anybody."""


def test_the_page_on_privacy_names_every_column_there_is() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, ROOT / "migrations")
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        columns = [
            f"{table}.{column[1]}"
            for (table,) in tables.fetchall()
            if table not in OURS
            for column in connection.execute(f"PRAGMA table_info({table})")
        ]
    assert len(columns) > 20
    said = re.findall(r"^\| `(\w+\.\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(said) == sorted(columns)


def test_the_page_on_privacy_names_every_kind_of_key_there_is() -> None:
    said = set(re.findall(r"^\| KV, `(\w+):", TEXT, re.MULTILINE))
    written = {
        kind
        for path in (ROOT / "app").rglob("*.py")
        for kind in re.findall(r'f"(\w+):\{(?:self\.)?(?:shop|shopper)_id\}', path.read_text())
    }
    assert len(written) >= 3
    assert written == said
