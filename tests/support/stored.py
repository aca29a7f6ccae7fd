"""What a server keeps in its two SQLite files, read and changed behind its back."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.in_process import InProcessServer
from tools.support.server import Server


def rows(server: Server, sql: str) -> list[tuple[Any, ...]]:
    """Return what the shop's database answers."""
    return _execute(server.data / "shop.sqlite3", sql)


def kv_rows(server: Server, sql: str) -> list[tuple[Any, ...]]:
    """Return what KV's table answers."""
    return _execute(server.data / "kv.sqlite3", sql)


def pairs(server: Server, prefix: str = "") -> dict[str, bytes]:
    """Return what KV keeps under keys that begin so."""
    found = kv_rows(server, "SELECT key, value FROM pairs")
    return {key: value for key, value in found if key.startswith(prefix)}


def kept_pages(server: Server) -> list[dict[str, Any]]:
    """Return the pages that are kept."""
    return [json.loads(value) for value in pairs(server, "ui:").values()]


def forget_layouts(server: Server) -> None:
    """Have the next page composed anew, whatever was chosen for shoppers alike.

    A page that is being composed would be chosen for them afterwards: it ends first.
    """
    if isinstance(server, InProcessServer):
        server.finish_pages()
    kv_rows(server, "DELETE FROM pairs WHERE key LIKE 'plan:%'")


def break_kv(server: Server) -> None:
    """Leave KV unable to keep or find anything."""
    kv_rows(server, "DROP TABLE pairs")


def _execute(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, timeout=60)) as connection, connection:
        return connection.execute(sql).fetchall()
