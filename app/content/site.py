"""What is read from disk before the first request: what we sell, draw and say."""

import hashlib
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from app.catalog.compiled import Stamp
from app.catalog.download import FeedDownload, feed_folder
from app.catalog.importer import Importer
from app.catalog.load import Catalogs, load_catalogs, stamps
from app.catalog.problems import CatalogError
from app.content.assets import Assets, load_assets
from app.content.components import Library, open_library
from app.content.experiments import ExperimentFile, read_experiments
from app.content.prompts import FOLDER, Prompts, load_prompts
from app.domain.catalog import Shop
from app.rendering.language import Languages
from app.rendering.urls import ShopUrls
from app.settings import ROOT, Settings
from app.util.folders import regular

if TYPE_CHECKING:
    from app.catalog.shopify_store import ShopifyStore

MESSAGES = "LC_MESSAGES/shop.po"
"""Where in a language's folder of `locale/` the words of its pages are."""

KEPT = "catalogs"
"""Where in the data folder feeds are kept as they were read."""


class SiteContent(NamedTuple):
    """The shop's files, read and checked."""

    catalogs: Catalogs
    library: Library
    prompts: Prompts
    assets: Assets
    languages: Languages
    experiments: ExperimentFile = ExperimentFile()
    public_url: str = ""
    security_contact: str = ""

    def with_catalogs(self, catalogs: Catalogs) -> "SiteContent":
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
        others = tuple((other, self._urls(other)) for other in self.translations_of(shop))
        return self._urls(shop)._replace(translations=others)

    def _urls(self, shop: Shop) -> ShopUrls:
        return ShopUrls(shop.id, self._root_of(shop), self.assets.names, self.public_url)

    def translations_of(self, shop: Shop) -> list[Shop]:
        """Return the shops that are the same store in other languages."""
        shops = self.catalogs.shops.values() if shop.store else ()
        return [other for other in shops if other.store == shop.store and other.id != shop.id]

    def digest_of(self, shop: Shop) -> str:
        """Return the digest of all that a page of the shop is drawn from."""
        site = (self.library, self.assets, self.prompts, self.languages, shop)
        others = (other.digest for other in self.translations_of(shop))
        parts = (*(part.digest for part in site), self._root_of(shop), *others)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]

    def _root_of(self, shop: Shop) -> str:
        return "" if shop.id == self.catalogs.default.id else f"/s/{shop.id}"


def catalogs_of(
    settings: Settings, before: Catalogs | None = None, importer: Importer | None = None
) -> Catalogs:
    """Read the catalog, from its file or as it was fetched; what has not changed is taken over.

    What is large is left to an importer, where there is one. At the start the shop opens with what
    that has of the catalog, if it looks for changes from then on.

    Raises:
        CatalogError: there is no shop to open.
    """
    path, shop_file = places_of(settings)
    known = before.sources if before is not None else {}
    if importer is not None:
        late = before is None and settings.catalog_poll > 0
        known = importer.sources(path, shop_file, known, late=late)
    return load_catalogs(path, currency=settings.currency, known=known, shop_file=shop_file)


def catalog_stamps(settings: Settings) -> Mapping[Path, Stamp]:
    """Return by what it is seen that the catalog has changed; nothing where that cannot be seen."""
    try:
        return stamps(*places_of(settings))
    except CatalogError:
        return {}  # and reading it says why


def feed_source(
    settings: Settings, importer: Importer | None = None
) -> "FeedDownload | ShopifyStore | None":
    """Return what keeps the catalog's file as it is elsewhere, where the catalog is not ours."""
    folder, shop_file = places_of(settings)
    check = partial((importer or importer_of(settings)).check, shop_file=shop_file)
    if settings.shopify.store:
        from app.catalog.shopify_store import ShopifyStore  # noqa: PLC0415 - few shops are there

        return ShopifyStore(settings.shopify, folder, check)
    if settings.catalog_url:
        url, every = settings.catalog_url, settings.catalog_url_poll
        return FeedDownload(url, folder, check, every=every)
    return None


def places_of(settings: Settings) -> tuple[Path, Path | None]:
    """Return where the catalog is, and what says whose it is where nothing beside it does."""
    source = settings.shopify.store or settings.catalog_url
    if not source:
        return settings.catalog, None
    return feed_folder(settings.data, source), settings.catalog


def importer_of(settings: Settings) -> Importer:
    """Return what reads large feeds, and keeps them in the data folder."""
    return Importer(settings.data / KEPT, settings.currency)


def read_site(settings: Settings, importer: Importer | None = None) -> SiteContent:
    """Read catalogs, components, prompts, static files, experiments, and the shops' languages.

    Raises:
        CatalogError, LibraryError, PromptError, MessagesError: one cannot be used; the message
            says which.
    """
    catalogs = catalogs_of(settings, importer=importer)
    library = open_library(settings.root / "components")
    prompts = load_prompts(settings.root / FOLDER)
    static = (ROOT / "static", settings.root / "static")
    assets = load_assets(static, library.styles, catalogs.shops.values())
    folders = dict.fromkeys((ROOT / "locale", settings.root / "locale"))
    languages = Languages(merged(map(read_catalogs, folders)))
    content = SiteContent(
        catalogs,
        library,
        prompts,
        assets,
        languages,
        read_experiments(settings.root),
        settings.public_url,
        settings.security_contact,
    )
    content.check_languages(catalogs)
    return content


def read_catalogs(folder: Path) -> dict[str, str]:
    """Read a folder's catalogs by language; what is no UTF-8 is read as far as it is."""
    paths = folder.glob(f"*/{MESSAGES}")
    return {path.parts[-3]: regular(path).read_text("utf-8-sig", "replace") for path in paths}


def merged(catalogs: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the texts of each language, the last first: what it does not say, the next may."""
    texts: dict[str, list[str]] = {}
    for catalog in catalogs:
        for language, text in catalog.items():
            texts.setdefault(language, []).insert(0, text)
    return texts
