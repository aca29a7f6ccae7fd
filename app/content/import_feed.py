"""`wandstore import` and `check`: reads a feed, keeps it, and says what of it cannot be sold."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from app.catalog.load import Catalogs, load_catalogs
from app.catalog.problems import by_kind
from app.content.site import feed_source, importer_of, places_of
from app.settings import Settings, ShopifySettings
from app.util.setting_values import may_be_fetched

_WIDTH, _WHOLE = 40, 100


class Progress:
    """Shows on a terminal how much of each file has been read; elsewhere, which is read."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._shown: tuple[str, int] | None = None

    def __call__(self, file: Path, share: float) -> None:
        """Take how much of a file has been read, up to 1."""
        percent = int(share * _WHOLE) if self._target.isatty() else _WHOLE
        shown = (file.name, percent)
        if shown == self._shown:
            return
        self._shown = shown
        if self._target.isatty():
            bar = "#" * (percent * _WIDTH // _WHOLE)
            end = "\n" if percent == _WHOLE else ""
            self._target.write(f"\r{file.name} [{bar:<{_WIDTH}}] {percent:3} %{end}")
        else:
            self._target.write(f"reading {file.name}\n")
        self._target.flush()


def import_feed(settings: Settings, feed: str, *, only_checks: bool) -> int:
    """Read a file, a folder, or a feed at an https address, and keep what it says, if it is to be.

    Return 1 where some of it cannot be sold. A shop that opens with it need not read it again.

    Raises:
        CatalogError: nothing can be sold.
        OSError: what was read cannot be kept.
    """
    with ExitStack() as stack:
        if only_checks:
            data = Path(stack.enter_context(TemporaryDirectory()))
            settings = replace(settings, data=data)
        is_elsewhere = may_be_fetched(feed)
        settings = replace(
            settings,
            shopify=ShopifySettings(),
            catalog_url=feed if is_elsewhere else "",
            catalog=settings.catalog if is_elsewhere else Path(feed),
        )
        source = feed_source(settings)
        if source is not None:
            asyncio.run(source.fetch())
        path, shop_file = places_of(settings)
        importer = importer_of(settings)
        catalogs = load_catalogs(
            path,
            currency=settings.currency,
            shop_file=shop_file,
            progress=Progress(sys.stderr),
            keep_text=stack.enter_context(importer.spool()),
        )
        if not only_checks:
            importer.keep(catalogs)
    sys.stdout.writelines(f"{line}\n" for line in _report(catalogs))
    return 1 if any(catalogs.problems.values()) else 0


def _report(catalogs: Catalogs) -> Iterator[str]:
    """Yield a line for each shop, and after it one for each kind of what cannot be sold."""
    named = dict.fromkeys((*catalogs.shops, *catalogs.problems))
    for shop_id in named:
        shop = catalogs.shops.get(shop_id)
        if shop is not None:
            yield f"{shop.name}: {len(shop.products)} products can be sold"
        yield from by_kind(catalogs.problems.get(shop_id, ()))
