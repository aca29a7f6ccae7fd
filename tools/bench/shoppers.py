"""Shoppers who are unlike each other, so that no two pages can share a model's answer.

Like shoppers share answers and decisions; a benchmark of newcomers would measure one call and many
copies of it. Each of these has a persona of its own, and a brief of its own for it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations, islice, product
from pathlib import Path
from typing import Literal

from app.domain.persona import PERSONA_TYPES, Persona, Signals
from app.personas.key import persona_hash
from app.settings import ROOT
from app.storage.db.postgres import PostgresDatabase
from app.storage.db.rows import Visited
from app.storage.db.sqlite import SqliteDatabase
from app.web.cookies import LIFETIME, SessionSigner

SECRET = "a secret of the benchmarks alone"  # noqa: S105 - signs cookies of a shop that is thrown away
NO_LIMITS = {
    "WANDSTORE_NEW_CALLS_PER_HOUR": "100000",
    "WANDSTORE_CALLS_PER_HOUR": "100000",
    "WANDSTORE_ADDRESS_CALLS_PER_HOUR": "100000",
    "WANDSTORE_ALL_CALLS_PER_HOUR": "100000",
    "WANDSTORE_PAGES_PER_ADDRESS": "10000",
    "WANDSTORE_LAG_SECONDS": "3600",
    "WANDSTORE_TOKENS_PER_HOUR": "1000000000",
    "WANDSTORE_ALL_TOKENS_PER_HOUR": "1000000000",
    "WANDSTORE_STORAGE_SECONDS": "20",
}
"""They all come at once and from one address; on a busy machine none may pass for a stranger."""

_SENSITIVITIES: tuple[Literal["low", "medium", "high"], ...] = ("low", "medium", "high")


def settle(data: Path, count: int, database: PostgresDatabase | None = None) -> Iterator[str]:
    """Write so many shoppers into a new shop's database; return their cookies, one for each.

    The database is a file in the folder unless one is given.

    The shop must be started on the same folder with SESSION_SECRET set to `SECRET`.
    """
    shop_id, categories = _shop()
    personas = list(islice(_personas(categories), count))
    if len(personas) < count:
        raise RuntimeError(f"the demo shop has room for {len(personas)} unlike shoppers only")
    names = [f"shop_{at:032x}" for at in range(count)]
    data.mkdir(parents=True)
    into = database or SqliteDatabase(data / "shop.sqlite3", ROOT / "migrations")
    asyncio.run(_write(into, shop_id, list(zip(names, personas, strict=True))))
    identities, expires = SessionSigner(SECRET.encode()), int(time.time()) + LIFETIME
    return iter(
        [
            identities.cookie(name, shop_id, expires, secure=False).decode().partition(";")[0]
            for name in names
        ]
    )


def _shop() -> tuple[str, list[str]]:
    catalog = json.loads((ROOT / "demo" / "catalog.json").read_text())
    return catalog["shop"]["id"], sorted({item["category"] for item in catalog["products"]})


def _personas(categories: list[str]) -> Iterator[Persona]:
    liked = [names for size in (3, 2, 1) for names in combinations(categories, size)]
    for names, kind, sensitivity in product(liked, PERSONA_TYPES, _SENSITIVITIES):
        yield Persona(kind, 0.8, Signals(60.0, names, sensitivity, ()))


async def _write(
    database: SqliteDatabase | PostgresDatabase,
    shop_id: str,
    shoppers: list[tuple[str, Persona]],
) -> None:
    await database.open()
    try:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        for name, persona in shoppers:
            visited = Visited(name, shop_id, now)
            await database.set_persona(visited, persona, persona_hash(persona), 0)
    finally:
        await database.close()
