"""A Shopify store as a source: all of it by bulk queries, and what changes when webhooks say so."""

from __future__ import annotations

import asyncio
import filecmp
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from app.catalog.download import RemoteFeed, https_client
from app.catalog.feed_text import LARGEST_FILE
from app.catalog.problems import CatalogError
from app.catalog.shopify_api import AdminApi
from app.catalog.shopify_lines import Change, merge, moment, shop_line
from app.catalog.text import slug
from app.settings import ShopifySettings

_MOST_WAITING = 250
"""Changes that are asked for one by one; beyond it all of the store is."""

_TOGETHER = 20
_BETWEEN = 1.0
"""Seconds between two writings: what changes meanwhile is written, and read, together."""

_AGAIN, _ALL_AGAIN = 5.0, 60.0
"""Seconds after a failure, of a change and of a bulk query."""

_MOST_STALE = 5
"""Times that a product is asked for again which is older than what a webhook says of it."""


class _Wanted(NamedTuple):
    """What changed, as a webhook said it: at least up to then; asked for so often in vain."""

    updated: datetime
    attempts: int = 0


class ShopifyStore(RemoteFeed):
    """Keeps a file as a store has it. `check` raises where it cannot be sold from.

    A webhook only says that something has changed, whatever it says of it: the store is asked how
    it is now. So what comes twice, late or in another order than it happened ends right.
    """

    def __init__(
        self,
        account: ShopifySettings,
        folder: Path,
        check: Callable[[Path], object],
        *,
        largest: int = LARGEST_FILE,
    ) -> None:
        host = urlsplit(account.store).hostname or ""
        super().__init__()
        self._account = account
        self._folder = folder
        self._file = folder / f"{slug(host.partition('.')[0]) or 'shopify'}.jsonl"
        self._check = check
        self._largest = largest
        self._waiting: dict[str, _Wanted] = {}
        self._since: set[str] = set()
        self._changed = asyncio.Event()
        self._behind = asyncio.Event()
        self._writing = asyncio.Lock()

    @property
    def is_there(self) -> bool:
        """Whether the store has been read before."""
        return self._file.is_file()

    async def run(self) -> None:
        """Follow the store, for ever; say once why that fails."""
        async with https_client() as client, asyncio.TaskGroup() as together:
            api = AdminApi(self._account, client)
            together.create_task(self._follow(api))
            together.create_task(self._reconcile_on(api))

    async def fetch(self) -> bool:
        """Bring the file up to date with all of the store; say whether it has changed.

        Raises:
            CatalogError: the store does not answer, or not with what can be sold.
        """
        async with https_client() as client:
            return await self._reconcile(AdminApi(self._account, client))

    def note(self, changed: str, updated_at: object = None) -> None:
        """Ask for a product or an inventory item, by its global id, that changed at a time."""
        known = self._waiting.get(changed)
        if known is None and len(self._waiting) >= _MOST_WAITING:
            self._waiting.clear()
            self._behind.set()
            self.counts["too_many"] += 1
            return
        updated = moment(updated_at)
        self._waiting[changed] = _Wanted(max(updated, known.updated) if known else updated)
        if len(self._since) < _MOST_WAITING:
            self._since.add(changed)
        self._changed.set()

    async def _follow(self, api: AdminApi) -> None:
        """Ask for what has changed as soon as something has."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            took = await self.attempt(self._refresh(api), "changes_")
            await asyncio.sleep(_BETWEEN if took else _AGAIN)
            if self._waiting:
                self._changed.set()

    async def _reconcile_on(self, api: AdminApi) -> None:
        """Read all of the store every so often, and at once where there is too much to ask for."""
        while True:
            seconds = self._account.reconcile
            if not await self.attempt(self._reconcile(api), "store_"):
                seconds = min(seconds, _ALL_AGAIN)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._behind.wait()
            self._behind.clear()

    async def _refresh(self, api: AdminApi) -> bool:
        """Ask for some of what has changed, and write what was answered before one failed."""
        answered: list[tuple[str, _Wanted, dict[str, Change]]] = []
        failure: CatalogError | None = None
        async with self._writing:
            for name, wanted in tuple(islice(self._waiting.items(), _TOGETHER)):
                try:
                    answered.append((name, wanted, await self._change(api, name)))
                except CatalogError as error:
                    failure = error
                    break
            changes = {number: one for _, _, found in answered for number, one in found.items()}
            written = bool(changes) and await self._write(api, self._file, changes)
        for change in answered:
            self._settle(*change)
        if failure is not None:
            raise failure
        return written

    def _settle(self, name: str, wanted: _Wanted, found: dict[str, Change]) -> None:
        """Forget a change that was answered, unless the answer is of before it."""
        if self._waiting.get(name) is not wanted:
            return  # it has changed again meanwhile
        stale = any(change.lines and change.updated < wanted.updated for change in found.values())
        if stale and wanted.attempts < _MOST_STALE:
            self.counts["stale"] += 1
            self._waiting[name] = wanted._replace(attempts=wanted.attempts + 1)
        else:
            del self._waiting[name]

    async def _change(self, api: AdminApi, name: str) -> dict[str, Change]:
        """Return a product as it is now, by the number of its id; none that nobody knows."""
        product = name if "/Product/" in name else await api.product_of(name)
        return {product.rpartition("/")[2]: await api.product(product)} if product else {}

    async def _reconcile(self, api: AdminApi) -> bool:
        """Read all of the store; what changed while it was read is asked for by itself."""
        self._since.clear()
        whole = self._folder / f".{self._file.name}.whole"
        shop = await api.shop()
        await api.save_all(whole, self._largest)
        async with self._writing:
            changes: dict[str, Change] = {}
            for name in tuple(self._since):
                changes |= await self._change(api, name)
            return await self._write(api, whole, changes, shop_line(shop))

    async def _write(
        self, api: AdminApi, base: Path, changes: dict[str, Change], shop: bytes = b""
    ) -> bool:
        try:
            return await asyncio.to_thread(self._replace, base, changes, shop)
        except CatalogError as error:
            raise CatalogError(Path(self._file.stem), error.problems) from None
        except OSError as error:
            raise api.failure(error.strerror or "cannot be written") from error

    def _replace(self, base: Path, changes: dict[str, Change], shop: bytes) -> bool:
        """Put the lines of `base`, with these changes, in the place of the file, if they differ.

        With the line of the `shop` they are all of the store: they are looked at first.
        """
        fresh = self._folder / f".{self._file.name}"
        merge(base, changes, fresh, shop)
        if shop:
            self._check(fresh)
            base.unlink()
        if self.is_there and filecmp.cmp(fresh, self._file, shallow=False):
            return False
        fresh.replace(self._file)
        return True
