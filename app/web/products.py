"""GET /products/{id}?variant=: a product's page, drawn from the catalog."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from itertools import product

from starlette.types import Receive, Scope, Send

from app.catalog.listing import fields_of
from app.domain.catalog import Product, Shop
from app.pages.shells import ShopView
from app.web.context import ShopPage

_RELATED = 6
_LOOKED_AT = 200
"""Products of a category, and of all, among which the others are chosen."""


class ProductPage(ShopPage):
    """A product, what it costs and whether it can be had, with a few of its like."""

    async def answer(self, scope: Scope, receive: Receive, send: Send, view: ShopView) -> None:
        """Answer GET and HEAD of a product's page."""
        web, shop = self._web, view.shop
        item = shop.products.get(unicodedata.normalize("NFC", scope["path_params"]["id"]))
        if item is None:
            await web.send_not_found(scope, send, view)
            return
        named = dict(fields_of(scope["query_string"])).get("variant", "")
        variant = item.form(unicodedata.normalize("NFC", named))
        await web.send_catalog_page(
            scope,
            send,
            view,
            ("product", item.id, variant.id if variant else ""),
            lambda: web.renderer.product_page(shop, item, related(item, shop), variant),
            as_markdown=lambda: web.renderer.markdown(shop).product(item, related(item, shop)),
        )


def related(item: Product, shop: Shop) -> list[Product]:
    """Return other products, those of its category and with its tags first.

    In a large shop they are looked for among some of its category and some of the rest: each
    product among others, and always the same.
    """
    near = shop.shelves().get(item.category, ()), shop.everything()
    tags, found = set(item.tags), {item.id: item}
    for available, items in product((True, False), near):
        if len(found) <= _RELATED:
            others = [other for other in _window(items, item) if other.available == available]
            others.sort(key=lambda other: -len(tags.intersection(other.tags)))
            found |= {other.id: other for other in others}
    return list(found.values())[1 : _RELATED + 1]


def _window(items: Sequence[Product], item: Product) -> Sequence[Product]:
    """Return as many products as are looked at, from a place that the product's id stands for."""
    if len(items) <= _LOOKED_AT:
        return items
    begin = zlib.crc32(item.id.encode()) % len(items)
    end = begin + _LOOKED_AT
    return (*items[begin:end], *items[: max(0, end - len(items))])
