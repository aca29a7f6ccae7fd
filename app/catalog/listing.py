"""Filters, sorts and pages the catalog as the query string of an address asks for."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from app.catalog.search import Found, search_index
from app.domain.catalog import Money, Product, Shop

PAGE_SIZE = 24
MOST_CATEGORIES = 24
"""Categories that a listing offers; there is a page of all of them."""

MAX_QUERY_LENGTH = 80
MAX_FIELDS = 32
MAX_FIELD_BYTES = 1024
"""What an address says beyond these is not looked at."""

PAGE_NUMBER = re.compile(r"^[0-9]{1,4}$")
HIDDEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)
"""Signs that nobody sees, and that turn around what stands beside them; feeds lose them as well."""

_BLANK_LETTERS = "\u115f\u1160\u2800\u3164\uffa0"
"""What Unicode calls letters and signs, and fonts show as nothing."""

ORDERS: dict[str, tuple[Callable[[Product], Any], bool]] = {
    "price-asc": (lambda item: item.price.amount, False),
    "price-desc": (lambda item: item.price.amount, True),
    "name": (lambda item: item.title.casefold(), False),
}
"""How a listing may be sorted; unsorted, it keeps the catalog's order."""

LEAST, MOST, IN_STOCK, TAG = "min", "max", "available", "tag"
FILTERS = (LEAST, MOST, IN_STOCK, TAG)
"""The fields of an address that leave out some of what is found; a tag may be named repeatedly."""

YES = "1"
MAX_TAGS = 4
"""Tags that a product can be asked to have all of."""

MOST_TAGS = 10
"""Tags that a listing offers, those of most products first."""

_LONGEST_TAG = 30
_POINTS = ".,\u066b\uff0e\uff0c"
_PRICE = rf"\d{{1,9}}(?:[{_POINTS}]\d{{1,3}})?"
"""In the digits and points that keyboards have: Arabic and full-width ones as well."""

_POINT = str.maketrans(dict.fromkeys(_POINTS, "."))

Filters = tuple[tuple[str, str], ...]
"""Fields of an address by which products are left out: their names and values."""


class ListingQuery(NamedTuple):
    """What an address asks for; empty strings where it does not say."""

    category: str = ""
    sort: str = ""
    query: str = ""
    page: int = 1
    filters: Filters = ()

    def without(self, *dropped: tuple[str, str]) -> "ListingQuery":
        """Return the same from its first page, but for some of its filters."""
        filters = tuple(each for each in self.filters if each not in dropped)
        return self._replace(filters=filters, page=1)


class WayOut(NamedTuple):
    """What to leave out where nothing is found, and how much there is then.

    `name` is that of a field of the address, `value` what it says there.
    """

    name: str
    value: str
    request: ListingQuery
    total: int


class Tag(NamedTuple):
    """A tag, how many of a listing's products have it, and whether they are there for that."""

    name: str
    total: int
    is_chosen: bool


class Listing(NamedTuple):
    """A part of the catalog, chosen and sorted through the address.

    `request` is what could be made sense of, `unknown` what could not. `instead` is what was
    searched for where nothing fits the query. Prices are filtered in `currency`.
    """

    request: ListingQuery
    results: Sequence[Product]
    total: int
    pages: int
    currency: str = ""
    instead: str = ""
    unknown: tuple[str, ...] = ()
    tags: tuple[Tag, ...] = ()
    ways_out: tuple[WayOut, ...] = ()

    @property
    def first(self) -> int:
        """The place of the first result among all, from 1."""
        return (self.request.page - 1) * PAGE_SIZE + 1

    @property
    def is_search(self) -> bool:
        """Whether it is one of the countless that visitors make, not one of the shop's own."""
        return bool(self.request.query or self.request.filters)

    def price(self, text: str) -> Money:
        """Return what a filter says of prices."""
        return Money(_amount(text), self.currency)


def read_request(query_string: bytes) -> ListingQuery | None:
    """Return what the query asks for, or None where it asks for nothing we know."""
    clean = [(name, _clean(value)) for name, value in fields_of(query_string)]
    given = dict(clean)
    tags = [(name, value) for name, value in clean if name == TAG and value]
    filters = [(name, given[name]) for name in FILTERS if name != TAG and given.get(name)]
    filters += dict.fromkeys(tags)
    if not filters and not any(given.get(name) for name in ("category", "sort", "q", "page")):
        return None
    number = given.get("page", "")
    page = int(number) if PAGE_NUMBER.fullmatch(number) else 1
    category, sort, query = (given.get(name, "") for name in ("category", "sort", "q"))
    return ListingQuery(category, sort, query, max(page, 1), tuple(filters))


def fields_of(query_string: bytes) -> list[tuple[str, str]]:
    """Return names and values of a query's first fields; what is too long is cut."""
    fields = query_string.decode("utf-8", "replace").split("&", MAX_FIELDS)[:MAX_FIELDS]
    return parse_qsl("&".join(field[:MAX_FIELD_BYTES] for field in fields))


def _clean(value: str) -> str:
    """Return what can be seen of a value, on one line; nothing where that is marks alone."""
    text = " ".join(HIDDEN.sub("", value).split())[:MAX_QUERY_LENGTH]
    # Spaces, marks, control and format signs show nothing by themselves.
    seen = (sign for sign in text if unicodedata.category(sign)[0] not in "ZMC")
    return text if any(sign not in _BLANK_LETTERS for sign in seen) else ""


def filter_products(shop: Shop, query: ListingQuery) -> Listing:
    """Return the products that fit, in their order, a page of them."""
    request, unknown = _understood(shop, query)
    lists = _Lists(shop, request.sort)
    results = lists.results(request)
    pages = max(1, -(-len(results) // PAGE_SIZE))
    page = min(request.page, pages)
    return Listing(
        request._replace(page=page),
        results[(page - 1) * PAGE_SIZE : page * PAGE_SIZE],
        len(results),
        pages,
        currency=lists.currency,
        instead=lists.found(request.query, request.category).instead,
        unknown=unknown,
        tags=lists.tags(request, results),
        ways_out=() if results else tuple(lists.ways_out(request)),
    )


def shown_categories(shop: Shop, category: str) -> tuple[str, ...]:
    """Return the categories that a listing of one of them offers: it, and the shop's first."""
    first = shop.categories()[:MOST_CATEGORIES]
    beyond = category not in first and category in shop.shelves()
    return (category, *first) if beyond else first


class _Lists:
    """Lists of a shop's products in one order; what is looked for twice is found once."""

    def __init__(self, shop: Shop, sort: str) -> None:
        self._shop = shop
        self._sort = sort
        self.currency = shop.currency()
        self.found = lru_cache(4)(self._found)

    def _found(self, query: str, category: str) -> Found:
        """Return what a search finds in a category, or all of it, each in an order made once."""
        shop, sort = self._shop, self._sort
        if query:
            products, instead = search_index(shop).find(query, category)
            return Found(_sorted(products, sort), instead)
        if category and category not in shop.shelves():
            return Found(())
        items = shop.shelves()[category] if category else shop.everything()
        return Found(shop.derived(("sorted", category, sort), lambda: _sorted(items, sort)))

    def results(self, request: ListingQuery) -> Sequence[Product]:
        """Return all products that a request asks for."""
        results = self.found(request.query, request.category).products
        for name, value in request.filters:
            fits = self._fits(name, value)
            results = [item for item in results if fits(item)]
        return results

    def _fits(self, name: str, value: str) -> Callable[[Product], bool]:
        """Return what says whether a product stays where a filter is asked for."""
        if name == IN_STOCK:
            return lambda item: item.available
        if name == TAG:
            wanted = value.casefold()
            return lambda item: any(tag.casefold() == wanted for tag in item.tags)
        amount, currency = _amount(value), self.currency
        fits = Decimal.__ge__ if name == LEAST else Decimal.__le__
        return lambda item: item.price.currency == currency and fits(item.price.amount, amount)

    def tags(self, request: ListingQuery, results: Sequence[Product]) -> tuple[Tag, ...]:
        """Return the tags that some of the results have, and those that were asked for."""
        counted = (
            _counted(results)
            if request.query or request.filters or not results
            else self._shop.derived(("tags", request.category), lambda: _counted(results))
        )
        chosen = {value.casefold(): value for name, value in request.filters if name == TAG}
        offered = (tag for tag in counted if tag.name.casefold() not in chosen)
        return (
            *(Tag(value, len(results), is_chosen=True) for value in chosen.values()),
            *islice((tag for tag in offered if tag.total < len(results)), MOST_TAGS),
        )

    def ways_out(self, request: ListingQuery) -> Iterator[WayOut]:
        """Yield what finds something if one thing less is asked for."""
        for name, value in request.filters:
            yield from self._way_out(name, value, request.without((name, value)))
        if request.category:
            wider = request.without()._replace(category="")
            yield from self._way_out("category", request.category, wider)
        if request.query:
            yield from self._way_out("q", request.query, request.without()._replace(query=""))

    def _way_out(self, name: str, value: str, request: ListingQuery) -> Iterator[WayOut]:
        if request[:3] + request[4:] == ("", request.sort, "", ()):
            return  # to everything there is another way
        total = len(self.results(request))
        if total:
            yield WayOut(name, value, request, total)


def _understood(shop: Shop, query: ListingQuery) -> tuple[ListingQuery, tuple[str, ...]]:
    """Return the query as the shop would write it, and what no shop could make sense of."""
    composed = partial(unicodedata.normalize, "NFC")
    filters = tuple((name, composed(value)) for name, value in query.filters)
    query = query._replace(category=composed(query.category), filters=filters)
    spelling = shop.derived("spelling", lambda: {it.casefold(): it for it in shop.categories()})
    category = spelling.get(query.category.casefold(), query.category)
    tags = [each for each in query.filters if each[0] == TAG]
    known = [each for each in query.filters if _makes_sense(*each) and each not in tags[MAX_TAGS:]]
    unknown = tuple(value for name, value in query.filters if (name, value) not in known)
    sort = query.sort if query.sort in ORDERS else "featured"
    return query._replace(category=category, sort=sort, filters=tuple(known)), unknown


def _makes_sense(name: str, value: str) -> bool:
    if name == IN_STOCK:
        return value == YES
    return name == TAG or re.fullmatch(_PRICE, value) is not None


def _amount(text: str) -> Decimal:
    return Decimal(text.translate(_POINT))


def _counted(items: Sequence[Product]) -> tuple[Tag, ...]:
    """Return the tags of some products, those of most first, each as it is spelt first."""
    counted = Counter[str]()
    spelling: dict[str, str] = {}
    for item in items:
        for tag in {spelling.setdefault(tag.casefold(), tag): 0 for tag in item.tags}:
            counted[tag] += 1
    offered = ((tag, total) for tag, total in counted.items() if len(tag) <= _LONGEST_TAG)
    most = sorted(offered, key=lambda each: (-each[1], each[0]))[: MOST_TAGS + MAX_TAGS]
    return tuple(Tag(tag, total, is_chosen=False) for tag, total in most)


def _sorted(items: Sequence[Product], sort: str) -> Sequence[Product]:
    if sort not in ORDERS:
        return items
    key, down = ORDERS[sort]
    return sorted(items, key=key, reverse=down)
