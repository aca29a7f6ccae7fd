"""A catalog that changes on the disk, taken up between two requests; a bad one leaves the last."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.catalog.load import Catalogs, Stamp
from app.catalog.permalinks import Permalinks
from app.catalog.problems import WHOLE_FILE, CatalogError
from app.catalog.ranking import rank
from app.content.site import SiteContent, catalog_stamps, catalogs_of, feed_source
from app.domain.catalog import Checkout, FeedIssue
from app.domain.persona import PERSONA_TYPES, Persona
from app.pages.site import LiveSite, Site
from app.rendering.language import MessagesError
from app.settings import Settings

if TYPE_CHECKING:
    from app.catalog.shopify_store import ShopifyStore

log = logging.getLogger("wandstore.catalog")

_MOST_SHOWN = 3


class CatalogWatch:
    """Looks at the catalog's files every so often, and swaps the site once they have changed.

    Reading and drawing happen in a thread. A file that is being written is left until two looks
    in a row have found it the same; what is fetched comes whole, and from a source that is followed
    beside it. `counters` tell how often a catalog was taken up, and how often one could not be.
    """

    def __init__(
        self, site: LiveSite, settings: Settings, build: Callable[[SiteContent], Site]
    ) -> None:
        catalogs = site.current.content.catalogs
        self.permalinks = Permalinks()
        self._counts: Counter[str] = Counter()
        self._source = feed_source(settings)
        self._site = site
        self._settings = settings
        self._build = build
        self._errors = catalogs.errors
        self._read: Mapping[Path, Stamp] = {
            file: source.stamp for file, source in catalogs.sources.items()
        }
        self._seen: Mapping[Path, Stamp] = self._read

    @property
    def state(self) -> str:
        """Return `ok`, or which files cannot be used and why."""
        if self._source is not None and self._source.state != "ok":
            return self._source.state
        reasons = [f"{error.path.name}: {error.problems[0].reason}" for error in self._errors]
        return f"failed: {'; '.join(reasons[:_MOST_SHOWN])}" if reasons else "ok"

    def modified(self) -> float | None:
        """Return when the catalog was written last, or found to be as its source has it.

        None where that cannot be seen (Unix seconds otherwise).
        """
        if self._source is not None:
            return self._source.current_at
        catalog = self._settings.catalog
        try:
            files = [*catalog.iterdir()] if catalog.is_dir() else [catalog]
            return max(file.stat().st_mtime for file in files)
        except (OSError, ValueError):
            return None

    @property
    def counters(self) -> Mapping[str, Counter[str]]:
        """Return what is counted, of files and of requests for a feed."""
        fetched = {} if self._source is None else {"feed": self._source.counts}
        return {"catalog": self._counts, "permalinks": self.permalinks.counts, **fetched}

    def note(self, changed: str, updated_at: object) -> None:
        """Pass on what a store says has changed."""
        cast("ShopifyStore", self._source).note(changed, updated_at)

    async def run(self) -> None:
        """Look for changes and fetch them, for ever."""
        async with asyncio.TaskGroup() as together:
            together.create_task(asyncio.to_thread(_prepare, self._site.current))
            together.create_task(self._look_on())
            together.create_task(self.permalinks.run(self._checkouts))
            if self._source is not None:
                together.create_task(self._source.run())

    def _checkouts(self) -> list[Checkout | None]:
        return [shop.checkout for shop in self._site.current.content.catalogs.shops.values()]

    async def _look_on(self) -> None:
        """Look every so often; not at all where there are no seconds between two looks."""
        while self._settings.catalog_poll:
            await asyncio.sleep(self._settings.catalog_poll)
            await self.look()

    async def look(self) -> None:
        """Take up the catalog if its files have changed, and nobody is writing them any more."""
        found = await asyncio.to_thread(catalog_stamps, self._settings)
        seen, self._seen = self._seen, found
        whole = found == seen or self._source is not None
        if found == self._read or not whole:
            return
        self._read = found
        before, began = self._site.current.content.catalogs, time.monotonic()
        try:
            catalogs = await asyncio.to_thread(self._load, before)
        except CatalogError as error:
            self._counts["refused"] += 1
            self._errors = (error,)
            log.error("%s; the shop goes on as it was", error)  # noqa: TRY400 - it says all
            return
        self._errors = catalogs.errors
        await self._take_up(catalogs)
        self._counts["refused" if catalogs.errors else "taken"] += 1
        log_problems(catalogs, before)
        sold = sum(len(shop.products) for shop in catalogs.shops.values())
        ms = round((time.monotonic() - began) * 1000)
        log.info({"event": "catalog", "shops": len(catalogs.shops), "products": sold, "ms": ms})

    def _load(self, before: Catalogs) -> Catalogs:
        catalogs = catalogs_of(self._settings, before)
        try:
            self._site.current.content.check_languages(catalogs)
        except MessagesError as error:
            issue = FeedIssue(WHOLE_FILE, str(error))
            raise CatalogError(self._settings.catalog, (issue,)) from error
        return catalogs

    async def _take_up(self, catalogs: Catalogs) -> None:
        """Swap the site; where a designer's save has swapped it meanwhile, build on that."""
        current = None
        while current is not self._site.current:
            current = self._site.current
            fresh = await asyncio.to_thread(self._build, current.content.with_catalogs(catalogs))
            await asyncio.to_thread(_prepare, fresh)
        self._site.current = fresh


def _prepare(site: Site) -> None:
    """Make what the first search or page of a large shop would else wait for."""
    for view in site.shops.values():
        if view.search is not None:
            view.search.prepare()
        for kind in PERSONA_TYPES:
            rank(view.shop, Persona(kind))


def log_problems(catalogs: Catalogs, before: Catalogs | None = None) -> None:
    """Log what of the feeds cannot be sold, and why, but not what was logged of them before."""
    logged = before.problems if before is not None else {}
    for shop_id, problems in catalogs.problems.items():
        known = set(logged.get(shop_id, ()))
        for problem in (item for item in problems if item not in known):
            where = f"{shop_id}, {problem.file}" if problem.file else shop_id
            log.warning("%s, line %d: %s %s", where, problem.line, problem.product, problem.reason)
