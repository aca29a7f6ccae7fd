"""Exports or erases everything that is stored of one shopper, wherever it is."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app.domain.persona import PageKey
from app.storage.db.repository import ShopRepository
from app.storage.db.rows import Row, stamp
from app.storage.ports import Kv
from app.storage.upkeep import Upkeep

if TYPE_CHECKING:
    from app.storage.redis_journal import RedisJournal


class ShopperData:
    """Finds what KV, database and a shared journal hold of a shopper.

    Every method may raise StorageError.
    """

    def __init__(self, kv: Kv, database: ShopRepository, journal: RedisJournal | None) -> None:
        self._kv = kv
        self._database = database
        self._journal = journal

    async def export(self, shopper_id: str) -> dict[str, object]:
        """Return the rows of each table and the pages by their keys; both may be empty."""
        rows = await self._database.export(shopper_id)
        values = {key: await self._kv.get(key) for key in _page_keys(shopper_id, rows)}
        pages = {key: json.loads(value) for key, value in values.items() if value is not None}
        return {**rows, "pages": pages}

    async def erase(self, shopper_id: str, *unrecorded: str) -> bool:
        """Erase all of it; say whether there was anything on record.

        Pages go first, with those of keys that no row leads to: as long as one is left, the rows
        that lead to it are as well. Those that another process has composed meanwhile follow.
        """
        rows = await self._database.export(shopper_id)
        keys = {*unrecorded, *_page_keys(shopper_id, rows)}
        await self.erase_pages(keys)
        composed = await self._database.erase(shopper_id, stamp(time.time()))
        await self.erase_pages({*composed} - keys)
        return any(rows.values())

    def hear(self, forget: Callable[[str], Awaitable[None]], every: float) -> Upkeep:
        """Return what has shoppers forgotten whom another process has erased, within seconds."""
        heard: set[tuple[str, str]] = set()

        async def erased() -> int:
            latest = await self._database.latest_erased()
            new = latest - heard
            heard.clear()
            heard.update(latest)
            for shopper_id, _ in new:
                await forget(shopper_id)
            return len(new)

        return Upkeep({"erased": erased}, every)

    async def erase_pages(self, keys: Iterable[str]) -> None:
        """Erase pages by their keys, with what happened to them."""
        for key in keys:
            if self._journal is not None:
                await self._journal.erase(key)
            await self._kv.delete(key)


def _page_keys(shopper_id: str, rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """Yield the keys under which pages of a shopper may be."""
    yield from dict.fromkeys(str(row["kv_key"]) for row in rows["ui_generations"])
    arms = {f".{row['experiment']}.{row['arm']}" for row in rows["exposures"]}
    for row in rows["personas"]:
        yield from (str(PageKey(shopper_id, f"{row['hash']}{arm}")) for arm in ("", *arms))
