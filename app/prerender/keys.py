"""Keys of published pages: digests of what they are drawn from, so that only changes are drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import jinja2
from jinja2 import nodes

from app.catalog.listing import Listing
from app.content.site import SiteContent
from app.domain.catalog import Product, Shop
from app.rendering.urls import brand_file

_KNOWN = {
    *("id", "name", "tagline", "brand", "locale", "checkout", "image_service", "store"),
    *("consent", "tag_names", "categories", "stocked"),
}
"""What templates may read of a shop without being drawn anew for each change of a product."""

_CODE = (".py", ".jinja", ".jsonl")
_DIGITS = 32


class PageKeys:
    """Gives the keys of one shop's pages.

    They hold all that our templates draw, and the digest of our code. Where a template of a
    designer's reads more of the shop than ours do, every page has every change of the shop in it.
    """

    def __init__(self, shop: Shop, content: SiteContent) -> None:
        self._others = content.translations_of(shop)
        frame = (
            _code_digest(),
            *(part.digest for part in (content.library, content.assets, content.languages)),
            content.urls_of(shop)._replace(assets={}, translations=()),
            [(other.id, other.locale, content.urls_of(other).root) for other in self._others],
            content.assets.names[brand_file(shop.id)],
            *(getattr(shop, name) for name in sorted(_KNOWN - {"categories", "stocked"})),
            shop.categories(),
            sorted(shop.stocked()),
            "" if _reads_known(content.library.folder, content.library.digest) else shop.digest,
        )
        self._frame = repr(frame)
        self._drawn = lru_cache(None)(lambda product: _digest(repr(shop.products[product])))

    def product(self, item: Product, related: list[Product]) -> str:
        """Return the key of a product's page."""
        there = [other.id for other in self._others if item.id in other.products]
        return self.page("product", there, showing=(item, *related))

    def listing(self, listing: Listing) -> str:
        """Return the key of a listing's page."""
        return self.page("listing", listing._replace(results=()), showing=listing.results)

    def page(self, *parts: object, showing: Iterable[Product] = ()) -> str:
        """Return the key of a page that is drawn from these parts, and from products."""
        drawn = [self._drawn(each.id) for each in showing]
        return _digest(repr((*parts, drawn)) + self._frame)


def _digest(text: str) -> str:
    return digest(text.encode("utf-8", "backslashreplace"))


def digest(data: bytes) -> str:
    """Return the key of what is made anew each time."""
    return hashlib.sha256(data).hexdigest()[:_DIGITS]


def release_of(content: SiteContent) -> str:
    """Return the digest of all that pages are drawn from but goods."""
    files = (content.library, content.assets, content.languages)
    return _digest(repr((_code_digest(), *(part.digest for part in files), content.public_url)))


@lru_cache(1)
def _code_digest() -> str:
    """Return the digest of the code that draws."""
    folder, digest = Path(__file__).parent.parent, hashlib.sha256(jinja2.__version__.encode())
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _CODE):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@lru_cache(1)
def _reads_known(folder: Path, _: str) -> bool:
    """Say whether templates, of which a digest is given, read of `shop` only what is known."""
    parser = jinja2.Environment(autoescape=True)
    trees = (parser.parse(path.read_text("utf-8")) for path in folder.rglob("*.jinja"))
    return all(map(_is_known, trees))


def _is_known(tree: nodes.Template) -> bool:
    names = [name for name in tree.find_all(nodes.Name) if name.name == "shop"]
    read = [
        found
        for found in tree.find_all(nodes.Getattr)
        if isinstance(found.node, nodes.Name) and found.node.name == "shop"
    ]
    return len(names) == len(read) and all(found.attr in _KNOWN for found in read)
