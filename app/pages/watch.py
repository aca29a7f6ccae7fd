"""Watches catalog, experiments and prompts on the disk, and swaps the site when they change."""

from __future__ import annotations

import asyncio
import logging
import math
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from app.catalog.compiled import Stamp, prepare
from app.catalog.load import Catalogs
from app.catalog.permalinks import Permalinks
from app.catalog.problems import CatalogError
from app.content.components import LibraryError
from app.content.experiments import FILE_NAME, ExperimentFile, read_experiments
from app.content.prompts import FOLDER, PromptError, Prompts, load_prompts
from app.content.site import (
    SiteContent,
    catalog_stamps,
    catalogs_of,
    feed_source,
    importer_of,
)
from app.domain.catalog import Checkout
from app.pages.arms import Arms
from app.pages.site import LiveSite, Site
from app.rendering.language import MessagesError
from app.settings import Settings

if TYPE_CHECKING:
    from app.catalog.shopify_store import ShopifyStore

log = logging.getLogger("wandstore.catalog")
log_texts = logging.getLogger("wandstore.experiments")

_MOST_SHOWN = 3
_AGAIN = 60.0
"""Seconds until a catalog is read again whose sales have changed, and which could not be."""

_REST = 9
"""How many times as long as looking for changes took nobody looks again."""


class _Files:
    """Notices that files have changed, by their modification times and sizes."""

    def __init__(self, find: Callable[[], object], read: object = None) -> None:
        self._find = find
        self._read = self._seen = find() if read is None else read

    def have_changed(self, *, come_whole: bool = False) -> bool:
        """Say once that files are not as they were read.

        Unless they `come_whole`, two looks in a row must find them the same: nobody writes them.
        """
        found = self._find()
        seen, self._seen = self._seen, found
        if found == self._read or not (come_whole or found == seen):
            return False
        self._read = found
        return True


class SiteWatch:
    """Looks at the shop's files every so often, and swaps the site once they have changed.

    They are the catalog with its rules, `experiments.toml`, and the prompts of the shop (unless a
    workbench takes those up) and of arms. Reading and drawing happen in a thread. What is wrong
    with experiments is among the problems of the site's, which go on as they were. `counters` tell
    how often each was taken up, and how often it could not be.
    """

    def __init__(
        self, site: LiveSite, settings: Settings, arms: Arms, build: Callable[[SiteContent], Site]
    ) -> None:
        catalogs = site.current.content.catalogs
        self.permalinks = Permalinks()
        self.prompts_state = "ok"
        self._counts: Mapping[str, Counter[str]] = {"catalog": Counter(), "experiments": Counter()}
        self._importer = importer_of(settings)
        self._source = feed_source(settings, self._importer)
        self._site = site
        self._settings = settings
        self._arms = arms
        self._build = build
        self._errors = catalogs.errors
        self._due = _next_change(catalogs)
        read = {
            file: () if source.outdated else source.stamp
            for file, source in catalogs.sources.items()
        }
        self._catalog = _Files(partial(catalog_stamps, settings), read)
        self._texts = _Files(self._stamps_of_texts)

    @property
    def state(self) -> str:
        """Return `ok`, or which files of the catalog cannot be used and why."""
        if self._source is not None and self._source.state != "ok":
            return self._source.state
        reasons = [f"{error.path.name}: {error.problems[0].reason}" for error in self._errors]
        return f"failed: {'; '.join(reasons[:_MOST_SHOWN])}" if reasons else "ok"

    @property
    def follows(self) -> bool:
        """Whether the catalog is of elsewhere, and changes without us."""
        return self._source is not None

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
        return {**self._counts, "permalinks": self.permalinks.counts, **fetched}

    def note(self, changed: str, updated_at: object) -> None:
        """Pass a Shopify webhook's change on to the store's source."""
        cast("ShopifyStore", self._source).note(changed, updated_at)

    async def run(self) -> None:
        """Look for changes and fetch them, for ever."""
        try:
            async with asyncio.TaskGroup() as together:
                together.create_task(self._look_on())
                together.create_task(self._arms.run())
                together.create_task(self.permalinks.run(self._checkouts))
                if self._source is not None:
                    together.create_task(self._source.run())
        except asyncio.CancelledError:
            self._importer.stop()  # or the thread that waits for it is waited for
            raise

    def _checkouts(self) -> list[Checkout | None]:
        return [shop.checkout for shop in self._site.current.content.catalogs.shops.values()]

    async def _look_on(self) -> None:
        """Look every so often; not at all where there are no seconds between two looks."""
        took = 0.0
        while self._settings.catalog_poll:
            await asyncio.sleep(pause_after(took, self._settings.catalog_poll))
            changed, texts_changed, took = await asyncio.to_thread(self._look)
            is_due = time.time() >= self._due
            if changed or is_due:
                await self._read_catalog()
                self._due = _next_change(self._site.current.content.catalogs)
            if is_due and self._errors:
                self._due = min(self._due, time.time() + _AGAIN)
            if texts_changed:
                await self._read_texts()

    def _look(self) -> tuple[bool, bool, float]:
        """Say whether the catalog and whether texts have changed, and how many seconds it took.

        It is for one thread in one go.
        """
        began = time.monotonic()
        catalog = self._catalog.have_changed(come_whole=self._source is not None)
        texts = self._texts.have_changed()
        return catalog, texts, time.monotonic() - began

    async def _read_catalog(self) -> None:
        before, began = self._site.current.content.catalogs, time.monotonic()
        try:
            catalogs = await asyncio.to_thread(self._load, before)
        except CatalogError as error:
            self._counts["catalog"]["refused"] += 1
            self._errors = (error,)
            log.error("%s; the shop goes on as it was", error)  # noqa: TRY400 - it says all
            return
        self._errors = catalogs.errors
        await self._swap(lambda content: content.with_catalogs(catalogs))
        self._counts["catalog"]["refused" if catalogs.errors else "taken"] += 1
        log_problems(catalogs, before)
        sold = sum(len(shop.products) for shop in catalogs.shops.values())
        ms = round((time.monotonic() - began) * 1000)
        log.info({"event": "catalog", "shops": len(catalogs.shops), "products": sold, "ms": ms})

    def _load(self, before: Catalogs) -> Catalogs:
        catalogs = catalogs_of(self._settings, before, self._importer)
        try:
            self._site.current.content.check_languages(catalogs)
        except MessagesError as error:
            raise CatalogError.of(self._settings.catalog, str(error)) from error
        return catalogs

    async def _read_texts(self) -> None:
        """Read experiments and prompts. Where anything is wrong with either, it stays as it was.

        An experiment that a slip of the pen ends would have its shoppers change arms.
        """
        content = self._site.current.content
        found = await asyncio.to_thread(read_experiments, self._settings.root)
        if found.problems:
            self._counts["experiments"]["refused"] += 1
            _log_experiments(found)
            found = content.experiments._replace(problems=found.problems)
        prompts = await asyncio.to_thread(self._own_prompts)
        if (found, prompts) == (content.experiments, content.prompts):
            return
        try:
            await self._swap(lambda now: now._replace(experiments=found, prompts=prompts))
        except LibraryError as error:
            self._refuse_prompts(error)
            return
        if found.problems:
            return
        await self._arms.replace(found.experiments)
        self._counts["experiments"]["taken"] += 1
        names = [item.name for item in found.experiments.running]
        log_texts.info({"event": "experiments", "running": names})

    def _own_prompts(self) -> Prompts:
        """Read the shop's own prompts; the last where a workbench has them or they are no good."""
        self.prompts_state = "ok"
        if not self._settings.design:
            try:
                return load_prompts(self._settings.root / FOLDER)
            except PromptError as error:
                self._refuse_prompts(error)
        return self._site.current.content.prompts

    def _refuse_prompts(self, error: Exception) -> None:
        self._counts["experiments"]["refused"] += 1
        self.prompts_state = f"failed: {error}".replace(f"{self._settings.root}/", "")
        log_texts.error("%s; the shop goes on with the last prompts", error)

    def _stamps_of_texts(self) -> Mapping[str, Stamp]:
        root, folders = self._settings.root, self._site.current.content.experiments.prompts
        own = () if self._settings.design else (FOLDER,)
        # Path.rglob takes three times as long, and this runs twice a second.
        walks = (os.walk(root / folder) for folder in {*own, *folders})
        inside = (f"{place}/{name}" for walk in walks for place, _, names in walk for name in names)
        return dict(_stamped((f"{root / FILE_NAME}", *inside)))

    async def _swap(self, change: Callable[[SiteContent], SiteContent]) -> None:
        """Swap the site; where a designer's save has swapped it meanwhile, build on that."""
        current = None
        while current is not self._site.current:
            current = self._site.current
            fresh = await asyncio.to_thread(self._build, change(current.content))
            await asyncio.to_thread(_prepare, fresh)
        self._site.current = fresh


def pause_after(took: float, every: float) -> float:
    """Return the seconds until the next look: of many files as well, a tenth of the time goes."""
    return max(every, _REST * took)


def _next_change(catalogs: Catalogs) -> float:
    """Return when a sale begins or ends next (Unix seconds), for which no file changes."""
    feeds = (source.feed for source in catalogs.sources.values())
    ahead = (feed.until for feed in feeds if feed is not None and feed.until > time.time())
    return min(ahead, default=math.inf)


def _stamped(paths: Iterable[str]) -> Iterable[tuple[str, Stamp]]:
    for path in paths:
        with suppress(OSError):
            found = os.stat(path)  # noqa: PTH116 - likewise
            yield path, (found.st_mtime_ns, found.st_size)


def _prepare(site: Site) -> None:
    for view in site.shops.values():
        prepare(view.shop)


def log_problems(catalogs: Catalogs, before: Catalogs | None = None) -> None:
    """Log what of the feeds cannot be sold, and why, but not what was logged of them before."""
    logged = before.problems if before is not None else {}
    for shop_id, problems in catalogs.problems.items():
        known = set(logged.get(shop_id, ()))
        for problem in (item for item in problems if item not in known):
            where = f"{shop_id}, {problem.file}" if problem.file else shop_id
            what = f"{problem.product} {problem.reason}".strip()
            log.warning("%s: %s", problem.within(where), what)


def _log_experiments(file: ExperimentFile) -> None:
    for problem in file.problems:
        log_texts.error("%s: %s", problem.within(problem.file), problem.reason)
    if file.problems:
        log_texts.error("%s: the experiments go on as they were", FILE_NAME)
