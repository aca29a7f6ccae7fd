"""Draws the pages of a shop that are the same for everyone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from app.catalog.listing import ORDERS, ListingQuery, filter_products
from app.catalog.ranking import top_up
from app.domain.catalog import Product, Shop
from app.domain.persona import NEWCOMER, PERSONA_TYPES
from app.pages.shells import VISIT, ShopView
from app.prerender.keys import PageKeys
from app.rendering.renderer import SUGGESTED, Renderer
from app.web.notices import BASKET_AWAY, FAILED, FORGET, FORGOTTEN, NOT_FOUND
from app.web.products import related

STREAM = "edge"
"""Stands where a page's id would: the Worker knows the page by the shopper's cookie."""


NAME_DIGITS = 32


class File(NamedTuple):
    """A file by its name, and what makes it; one of the same `key` has been made already.

    One without a key is made each time.
    """

    name: str
    make: Callable[[], bytes]
    key: str = ""


def drawings(shop: Shop, renderer: Renderer, keys: PageKeys) -> Iterator[File]:
    """Yield what shows the shop as a whole, its listings and its products."""
    yield from _of_shop(shop, renderer, keys)
    for at, category in enumerate(("", *shop.categories())):
        yield from _listings(shop, at, category, renderer, keys)
    for item in shop.products.values():
        yield _product(shop, item, renderer, keys)


def store_pages(
    view: ShopView, renderer: Renderer, keys: PageKeys, place: str = "", *, pins: bool = True
) -> Iterator[File]:
    """Yield the shop's shells, the page for crawlers and plain ones, as a view's rules have them.

    `place` is that of another moment than now; what is without `pins` is beside the others.
    """
    place = place if pins else f"{place}no-pins/"
    pages = {f"shells/{name}": (name, view.urls.stream(STREAM)) for name in PERSONA_TYPES}
    pages["ahead"] = (NEWCOMER.type, view.urls.stream(VISIT))
    pages["catalog"] = (NEWCOMER.type, "")
    if pins:  # what an experiment's plain arm shows, which goes by them
        others = (name for name in PERSONA_TYPES if name != NEWCOMER.type)
        pages.update({f"plain/{name}": (name, "") for name in others})
    for name, (persona_type, stream) in pages.items():
        shop, fallbacks = view.steered_for(persona_type, pins=pins)
        html = partial(renderer.store_page, shop, persona_type, fallbacks, stream)
        key = keys.page("store", persona_type, stream, fallbacks)
        yield _page(f"{place}{name}.html", html, key)


def _of_shop(shop: Shop, renderer: Renderer, keys: PageKeys) -> Iterator[File]:
    """Yield the few other pages that show a shop as a whole."""
    suggested = top_up((), shop, SUGGESTED)
    yield _page("categories.html", partial(renderer.categories_page, shop))
    notices = {
        "not-found": NOT_FOUND,
        "forget": FORGET,
        "forgotten": FORGOTTEN,
        "failed": FAILED,
    }
    if shop.checkout:
        notices["no-basket"] = BASKET_AWAY
        key = keys.page("basket", showing=suggested)
        yield _page("basket.html", partial(renderer.basket_page, shop, ()), key)
    for name, notice in notices.items():
        key = keys.page("message", notice, showing=suggested)
        yield _page(f"{name}.html", partial(renderer.message_page, shop, *notice), key)


def _product(shop: Shop, item: Product, renderer: Renderer, keys: PageKeys) -> File:
    """Return a product's page; with variants that of each, by the lines that they have."""
    others, name = related(item, shop), f"products/{product_name(item.id)}"
    key = keys.product(item, others)
    if len(item.variants) <= 1:
        return _page(f"{name}.html", partial(renderer.product_page, shop, item, others), key)
    return _page(f"{name}.json", partial(_variants, shop, item, others, renderer), key)


def _variants(shop: Shop, item: Product, others: list[Product], renderer: Renderer) -> str:
    """Return the pages of all variants: each line once, and of each page the numbers of its lines.

    Every page names every variant, so that as text they would grow with the square of their number.
    """
    lines: dict[str, int] = {}
    variants = {
        form.id: [
            lines.setdefault(line, len(lines))
            for line in renderer.product_page(shop, item, others, form).splitlines(keepends=True)
        ]
        for form in item.variants
    }
    whole = {"usual": item.first_form().id, "lines": [*lines], "variants": variants}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def product_name(product_id: str) -> str:
    """Return what a product's page is called: its id may hold what no file name can."""
    return hashlib.sha256(product_id.encode()).hexdigest()[:NAME_DIGITS]


def listing_pages(shop: Shop) -> list[int]:
    """Return how many pages there are of everything, and then of each category."""
    return [
        filter_products(shop, ListingQuery(category)).pages for category in ("", *shop.categories())
    ]


def _listings(
    shop: Shop, at: int, category: str, renderer: Renderer, keys: PageKeys
) -> Iterator[File]:
    for sort in ("featured", *ORDERS):
        pages = filter_products(shop, ListingQuery(category, sort)).pages
        for page in range(1, pages + 1):
            listing = filter_products(shop, ListingQuery(category, sort, page=page))
            html = partial(renderer.listing_page, shop, listing)
            yield _page(f"listings/{at}-{sort}-{page}.html", html, keys.listing(listing))


def _page(name: str, draw: Callable[[], str], key: str = "") -> File:
    return File(name, lambda: draw().encode(), key)
