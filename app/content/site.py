"""What is read from disk before the first request: what we sell, draw and say."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from app.catalog.load import Catalogs, load_catalogs
from app.content.assets import Assets, load_assets
from app.content.components import Library, open_library
from app.content.prompts import Prompts, load_prompts
from app.domain.catalog import Shop
from app.rendering.urls import ShopUrls
from app.settings import ROOT, Settings


class SiteContent(NamedTuple):
    """The shop's files, read and checked."""

    catalogs: Catalogs
    library: Library
    prompts: Prompts
    assets: Assets

    def with_catalogs(self, catalogs: Catalogs) -> SiteContent:
        """Return the same files with other goods."""
        assets = self.assets.with_brands(catalogs.shops.values())
        return self._replace(catalogs=catalogs, assets=assets)

    def urls_of(self, shop: Shop) -> ShopUrls:
        """Return a shop's addresses; the default shop's begin at the root."""
        return ShopUrls(shop.id, self._root_of(shop), self.assets.names)

    def digest_of(self, shop: Shop) -> str:
        """Return the digest of all that a page of the shop is drawn from."""
        shared = (self.library.digest, self.assets.digest, self.prompts.digest)
        parts = (*shared, shop.digest, self._root_of(shop))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _root_of(self, shop: Shop) -> str:
        return "" if shop.id == self.catalogs.default.id else f"/s/{shop.id}"


def read_site(settings: Settings) -> SiteContent:
    """Read catalogs, components, prompts and static files.

    Raises:
        CatalogError, LibraryError, PromptError: one cannot be used; the message says which.
    """
    catalogs = load_catalogs(settings.catalog, currency=settings.currency)
    library = open_library(settings.root / "components")
    prompts = load_prompts(settings.root / "prompts")
    static = (ROOT / "static", settings.root / "static")
    assets = load_assets(static, library.styles, catalogs.shops.values())
    return SiteContent(catalogs, library, prompts, assets)
