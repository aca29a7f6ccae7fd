"""`wandstore import` and `check`: reads a feed, keeps it, and says what of it cannot be sold."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from app.catalog.importer import Importer
from app.catalog.load import Catalogs, load_catalogs
from app.catalog.problems import by_kind
from app.content.site import KEPT, feed_source, places_of
from app.settings import Settings, ShopifySettings
from app.util.errors import OperatorError
from app.util.setting_values import may_be_fetched


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
            settings = settings._replace(data=data)
        is_elsewhere = may_be_fetched(feed)
        if "://" in feed and not is_elsewhere:  # which may hold a key, and is not repeated
            raise OperatorError("a feed's address begins with https://")
        settings = settings._replace(
            shopify=ShopifySettings(),
            catalog_url=feed if is_elsewhere else "",
            catalog=settings.catalog if is_elsewhere else Path(feed),
        )
        source = feed_source(settings)
        if source is not None:
            asyncio.run(source.fetch())
        path, shop_file = places_of(settings)
        importer = Importer(settings.data / KEPT, settings.currency, large=0, by_hand=True)
        known = importer.sources(path, shop_file, {})
        catalogs = load_catalogs(path, currency=settings.currency, known=known, shop_file=shop_file)
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
