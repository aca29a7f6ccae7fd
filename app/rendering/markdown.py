"""Writes the catalog's pages as Markdown, for readers that are programs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.catalog.listing import Listing
from app.domain.catalog import Product, Shop, Variant
from app.rendering.language import Language
from app.rendering.urls import ShopUrls

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~!&])")
_ITEM = re.compile(r"^(\s*)([-+]|\d+[.)])(?=\s)", re.MULTILINE)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: a feed's stars and brackets mean nothing."""
    return _ITEM.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", text))


class Markdown:
    """Writes a shop's pages."""

    def __init__(self, shop: Shop, url: ShopUrls, language: Language) -> None:
        self._shop = shop
        self._url = url
        self._language = language

    def shop(self, *, note: str = "") -> str:
        """Return the shop: what it is called, a note, and the ways into its catalog."""
        return _page(
            f"# {escape(self._shop.name)}",
            f"> {escape(self._shop.tagline)}" if self._shop.tagline else "",
            note,
            self.ways(self._language.gettext("Categories")),
        )

    def ways(self, title: str) -> str:
        """Return the ways into the catalog below a heading."""
        names = self._shop.categories()
        links = [self._link(name, self._url.store(category=name)) for name in names]
        every = self._link(self._language.gettext("All products"), self._url.store(sort="name"))
        return f"## {escape(title)}\n\n{_bullets([*links, every])}"

    def listing(self, listing: Listing) -> str:
        """Return a page of a listing, with the ways to those before and after."""
        gettext, request = self._language.gettext, listing.request
        page = request.page
        pages = [(gettext("Previous"), page - 1)] if page > 1 else []
        pages += [(gettext("Next"), page + 1)] if page < listing.pages else []
        ways = ((name, self._url.listing(request._replace(page=at))) for name, at in pages)
        return _page(
            f"# {escape(request.query or request.category or gettext('All products'))}",
            _bullets(map(self._row, listing.results)) or escape(gettext("No pieces")),
            _bullets(self._link(*way) for way in ways),
            self._home(),
        )

    def product(self, item: Product, related: Iterable[Product]) -> str:
        """Return a product's page."""
        gettext = self._language.gettext
        there = "Available to order" if item.first_form().is_on_order else "In stock"
        stock = gettext(there if item.available else "Sold out")
        condition = gettext(item.condition) if item.condition else ""
        known = filter(None, (item.vendor, self._price(item), condition, stock))
        forms = map(self._form, item.variants) if item.variants else map(escape, item.options)
        return _page(
            f"# {escape(item.title)}",
            _bullets([*map(escape, known), *forms]),
            escape(item.description),
            f"## {escape(gettext('You may also like'))}",
            _bullets(map(self._row, related)),
            self._home(),
        )

    def _row(self, item: Product) -> str:
        out = "" if item.available else f", {escape(self._language.gettext('sold out'))}"
        link = self._link(item.title, self._url.product(item))
        return f"{link}: {escape(self._price(item))}{out}"

    def _form(self, form: Variant) -> str:
        out = "" if form.available else f", {self._language.gettext('sold out')}"
        price = self._language.money(form.price)
        return escape(f"{', '.join(form.values) or form.id}: {price}{out}")

    def _price(self, item: Product) -> str:
        price = self._language.money(item.price)
        return self._language.gettext("from %(price)s") % {"price": price} if item.varies else price

    def _link(self, name: str, address: str) -> str:
        return f"[{escape(name)}]({self._url.absolute(address)})"

    def _home(self) -> str:
        return self._link(self._shop.name, self._url.store())


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _page(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
