"""What is read from disk before the first request: what we sell, draw and say."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from app.catalog.load import Catalogs, load_catalogs
from app.content.assets import Assets, load_assets
from app.content.components import Library, open_library
from app.content.messages import merged, read_catalogs
from app.content.prompts import Prompts, load_prompts
from app.domain.catalog import Shop
from app.rendering.language import Languages
from app.rendering.urls import ShopUrls
from app.settings import ROOT, Settings


class SiteContent(NamedTuple):
    """The shop's files, read and checked."""

    catalogs: Catalogs
    library: Library
    prompts: Prompts
    assets: Assets
    languages: Languages

    def with_catalogs(self, catalogs: Catalogs) -> SiteContent:
        """Return the same files with other goods."""
        assets = self.assets.with_brands(catalogs.shops.values())
        return self._replace(catalogs=catalogs, assets=assets)

    def check_languages(self, catalogs: Catalogs) -> None:
        """Read the words of the shops' languages.

        Raises:
            MessagesError: those of one cannot be read; the message says which.
        """
        for shop in catalogs.shops.values():
            self.languages.of(shop.locale)

    def urls_of(self, shop: Shop) -> ShopUrls:
        """Return a shop's addresses; the default shop's begin at the root."""
        return ShopUrls(shop.id, self._root_of(shop), self.assets.names)

    def digest_of(self, shop: Shop) -> str:
        """Return the digest of all that a page of the shop is drawn from."""
        site = (self.library, self.assets, self.prompts, self.languages, shop)
        parts = (*(part.digest for part in site), self._root_of(shop))
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _root_of(self, shop: Shop) -> str:
        return "" if shop.id == self.catalogs.default.id else f"/s/{shop.id}"


def read_site(settings: Settings) -> SiteContent:
    """Read catalogs, components, prompts, static files, and the words of the shops' languages.

    Raises:
        CatalogError, LibraryError, PromptError, MessagesError: one cannot be used; the message
            says which.
    """
    catalogs = load_catalogs(settings.catalog, currency=settings.currency)
    library = open_library(settings.root / "components")
    prompts = load_prompts(settings.root / "prompts")
    static = (ROOT / "static", settings.root / "static")
    assets = load_assets(static, library.styles, catalogs.shops.values())
    folders = dict.fromkeys((ROOT / "locale", settings.root / "locale"))
    languages = Languages(merged(map(read_catalogs, folders)))
    content = SiteContent(catalogs, library, prompts, assets, languages)
    content.check_languages(catalogs)
    return content
