"""Filters and sorting through the address: what of the catalog is asked for, in which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from app.catalog.search import SearchIndex
from app.domain.catalog import Product, Shop

PAGE_SIZE = 24
MOST_CATEGORIES = 24
"""Categories that a listing offers; there is a page of all of them."""

MAX_QUERY_LENGTH = 80
MAX_FIELDS = 16
MAX_BYTES = 2048
PAGE_NUMBER = re.compile(r"^[0-9]{1,4}$")
ORDERS: dict[str, tuple[Callable[[Product], Any], bool]] = {
    "price-asc": (lambda item: item.price.amount, False),
    "price-desc": (lambda item: item.price.amount, True),
    "name": (lambda item: item.title.casefold(), False),
}
"""How a listing may be sorted; unsorted, it keeps the catalog's order."""


class Listing(NamedTuple):
    """A part of the catalog, chosen and sorted through the address.

    `instead` is what was searched for where nothing fits the query.
    """

    results: Sequence[Product]
    total: int
    category: str
    sort: str
    query: str
    page: int
    pages: int
    instead: str = ""

    @property
    def first(self) -> int:
        """The place of the first result among all, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1


class ListingQuery(NamedTuple):
    """What an address asks for; empty strings where it does not say."""

    category: str = ""
    sort: str = ""
    query: str = ""
    page: int = 1


def read_request(query_string: bytes) -> ListingQuery | None:
    """Return what the query asks for, or None where it asks for nothing we know."""
    if len(query_string) > MAX_BYTES:
        return None
    try:
        pairs = parse_qsl(query_string.decode("ascii"), max_num_fields=MAX_FIELDS)
    except ValueError:
        return None
    given = {name: " ".join(value.split())[:MAX_QUERY_LENGTH] for name, value in pairs}
    if not any(given.get(name) for name in ("category", "sort", "q", "page")):
        return None
    number = given.get("page", "")
    page = int(number) if PAGE_NUMBER.fullmatch(number) else 1
    return ListingQuery(
        given.get("category", ""), given.get("sort", ""), given.get("q", ""), max(page, 1)
    )


def filter_products(shop: Shop, query: ListingQuery, index: SearchIndex | None = None) -> Listing:
    """Return the products that fit, in their order, a page of them.

    `index` is that of the shop, where it is at hand.
    """
    sort, instead = query.sort if query.sort in ORDERS else "featured", ""
    if query.query:
        index = index or SearchIndex(shop.products.values())
        found, instead = index.find(query.query, query.category)
        results: Sequence[Product] = _sorted(found, sort)
    else:
        results = _shelf(shop, query.category, sort)
    pages = max(1, -(-len(results) // PAGE_SIZE))
    page = min(query.page, pages)
    shown = results[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return Listing(shown, len(results), query.category, sort, query.query, page, pages, instead)


def shown_categories(shop: Shop, category: str) -> tuple[str, ...]:
    """Return the categories that a listing of one of them offers: it, and the shop's first."""
    first = shop.categories()[:MOST_CATEGORIES]
    beyond = category not in first and category in shop.shelves()
    return (category, *first) if beyond else first


def _shelf(shop: Shop, category: str, sort: str) -> Sequence[Product]:
    """Return the products of a category, or all of them, in an order that is made once."""
    if category and category not in shop.shelves():
        return ()
    items = shop.shelves()[category] if category else shop.everything()
    return shop.derived(("sorted", category, sort), lambda: _sorted(items, sort))


def _sorted(items: Sequence[Product], sort: str) -> Sequence[Product]:
    if sort not in ORDERS:
        return items
    key, down = ORDERS[sort]
    return sorted(items, key=key, reverse=down)
