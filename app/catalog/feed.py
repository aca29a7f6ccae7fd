"""What every feed format is read into, and the bounds on size and number that hold for all."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from app.catalog.problems import WHOLE_FILE, CatalogError, InvalidProduct, Note, Report, shown
from app.catalog.text import LONGEST_LINE, plain
from app.domain.catalog import FeedIssue, Goods, Product, Shop

T = TypeVar("T")

MOST_PRODUCTS = 50_000
_TOO_MANY = f"comes after {MOST_PRODUCTS} products, the most a shop may have"
MOST_TAGS = 50
UNSORTED = "Everything"
"""The category of a product that is given none, and what it is called in other languages."""

_UNSORTED_IN = {"ar": "الكل", "de": "Alles", "es": "Todo", "fr": "Tout", "ja": "すべて"}

_NO_CATEGORIES = """
uncategorized|uncategorised|unkategorisiert|non classé|sin categoría|sin categorizar|sem categoria
senza categoria|geen categorie|bez kategorii|okategoriserade|ikke kategoriseret|без рубрики
未分類|未分类|غير مصنف|без категории|bez kategorie|kategorisiz|luokittelematon|χωρίς κατηγορία
ללא קטגוריה|unassigned|none|null|n/a|-
"""
"""What shop systems write where there is no category."""

_UNCATEGORIZED = frozenset(re.split(r"[|\n]", _NO_CATEGORIES.strip()))

_ID = re.compile(r"(?:[A-Za-z0-9]|[^\x00-\x7f])(?:[A-Za-z0-9._-]|[^\x00-\x7f]){0,199}")
"""Of a text that is plain already: every sign of it can be seen.

A set that spells out all of Unicode takes milliseconds to compile, of which a start has few.
"""


Listed = tuple[Note, Callable[[], Product | None]]
"""What takes the problem of a product, and what reads it: None where it is not offered."""


class Terms(NamedTuple):
    """What a feed may leave unsaid: its currency and its shop.

    `about` is what a file beside it says of the shop, which goes before what the feed says;
    `before` is what it sold when it was read last, and `known` what it knew then. `progress` is
    called with how much of it has been read, up to 1. `keep_text` may put a long text elsewhere.
    """

    currency: str
    shop_id: str
    shop_name: str
    about: Mapping[str, object] = MappingProxyType({})
    before: Mapping[str, Product] = MappingProxyType({})
    known: Mapping[bytes, str] = MappingProxyType({})
    progress: Callable[[float], object] = float
    keep_text: Callable[[Any], Any] = lambda text: text


class Feed(NamedTuple):
    """One shop, what of its feed could not be sold, and the folder of its own pictures.

    `translations` are the shop again in further languages. `known` has, by a digest of what the
    feed says of it, the id of a product, so that it need not be read again while that stays.
    `until` (Unix seconds) is when it has to be read again as it is, since a sale begins or ends.
    """

    shop: Shop
    problems: tuple[FeedIssue, ...]
    pictures: Path | None = None
    translations: tuple[Shop, ...] = ()
    known: Mapping[bytes, str] = MappingProxyType({})
    until: float = inf


def product_id(text: str) -> str:
    """Return an id that can stand in an address: of ASCII, letters, digits, dots, hyphens and _.

    It is composed (NFC), and who looks for a product composes what the address says.

    Raises:
        InvalidProduct: it cannot.
    """
    text = plain(text, LONGEST_LINE + 1)
    if not text:
        raise InvalidProduct("has no id")
    if not _ID.fullmatch(text):
        raise InvalidProduct(f"id {shown(text)!r} is not letters, digits, dots and hyphens")
    return text


def category_of(*names: str) -> str:
    """Return the first that names a category, UNSORTED where none does."""
    given = (name for name in names if name and name.casefold() not in _UNCATEGORIZED)
    return next(given, UNSORTED)


def unsorted_in(locale: str) -> str:
    """Return what the category of products that are given none is called in a language."""
    return _UNSORTED_IN.get(locale.lower().partition("-")[0], UNSORTED)


def sold(listed: Iterable[Listed], shelf: Mapping[str, Product]) -> Iterator[Product]:
    """Yield what can be sold of what a feed lists: of two products with one id, the first.

    `shelf` has those that were yielded before, by their ids.
    """
    for note, read in listed:
        if len(shelf) >= MOST_PRODUCTS:
            note(_TOO_MANY)
            continue
        try:
            product = read()
        except InvalidProduct as error:
            note(str(error))
            continue
        if product and product.id in shelf:
            note("another product has this id")
        elif product:
            yield product


def open_shop(
    path: Path,
    shop: Shop,
    listed: Iterable[Listed],
    report: Report,
    *,
    terms: Terms,
) -> Shop:
    """Return the shop with what it lists and can sell, and the digest of all that is drawn from it.

    Of what it sold before, what is still the same is kept, and takes no memory twice.

    Raises:
        CatalogError: there is nothing to sell, or a table lacks a column.
    """
    shelf: dict[str, Product] = {}
    try:
        shop = stock(shop, sold(listed, shelf), terms.before, shelf, terms.keep_text)
    except InvalidProduct as error:
        raise CatalogError.of(path, str(error)) from None
    if not shop.products:
        nothing = FeedIssue(WHOLE_FILE, "holds no product that can be sold")
        raise CatalogError(path, (nothing, *report.problems()))
    forms = (form for item in shop.products.values() for form in item.forms())
    unknown = [form.id for form in forms if shop.checkout and not shop.checkout.knows(form)]
    if unknown:
        report.add(
            WHOLE_FILE,
            f"{len(unknown)} variants are shown but not sold, since their ids are no numbers of"
            " Shopify's",
            unknown[0],
        )
    return shop


def stock(
    shop: Shop,
    products: Iterable[Product],
    before: Mapping[str, Product] = MappingProxyType({}),
    shelf: dict[str, Product] | None = None,
    keep_text: Callable[[Any], Any] = lambda text: text,
) -> Shop:
    """Return the shop with its products and the digest of all that is drawn from it.

    Of two products with one id the first is sold. Categories that differ in their case alone are
    one, spelt as it is first. `shelf` takes the products one by one.
    """
    shelf = {} if shelf is None else shelf
    spelling = {UNSORTED.casefold(): unsorted_in(shop.locale)}
    shared: dict[Any, Any] = {}
    for product in products:
        category = spelling.setdefault(product.category.casefold(), product.category)
        spelt = product._replace(category=category)
        known = before.get(product.id)
        if known != spelt or known is None:
            known = _sharing(spelt, shared)._replace(description=keep_text(spelt.kept_description))
        shelf.setdefault(product.id, known)
    digest = hashlib.sha256()
    about = (*shop[:3], shop.locale, shop.brand, shop.checkout, shop.image_service, shop.store)
    for drawn in (about, sorted(shop.tag_names.items()), *shelf.values()):
        digest.update(repr(drawn).encode("utf-8", "backslashreplace"))
    return shop._replace(products=Goods(shelf), digest=digest.hexdigest()[:16])


def _sharing(product: Product, shared: dict[Any, Any]) -> Product:
    """Return a product in which what many say alike is the same in memory: half of what it takes.

    `shared` has what was said before.
    """

    def one(value: T) -> T:
        known: T = shared.setdefault(value, value)
        return known

    def all_of(texts: tuple[str, ...]) -> tuple[str, ...]:
        return one(tuple(map(one, texts)))

    return product._replace(
        price=one(product.price),
        compare_at=one(product.compare_at),
        vendor=one(product.vendor),
        tags=all_of(product.tags),
        options=all_of(product.options),
        option_names=all_of(product.option_names),
        variants=tuple(
            form._replace(
                values=all_of(form.values), price=one(form.price), compare_at=one(form.compare_at)
            )
            for form in product.variants
        ),
    )
