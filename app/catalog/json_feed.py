"""Reads the JSON format: a shop with its brand, its products, and both in other languages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple

from app.catalog.feed import MOST_PRODUCTS, TOO_MANY, Feed, Terms, open_shop, read_text
from app.catalog.images import LocalPictures, folder_of, read_sizes
from app.catalog.json_lines import Document, Placed, read_document
from app.catalog.json_product import read_product
from app.catalog.json_shop import MOST_UNREAD, About, shop_of
from app.catalog.numbers import CURRENCY
from app.catalog.problems import WHOLE_FILE, CatalogError, InvalidProduct, Report, shown
from app.catalog.translations import translated
from app.domain.catalog import Product

_MOST_WATCHED = 1_000
"""Products of which it is seen what nobody reads; the others are hardly different."""


def read_json(path: Path, terms: Terms) -> Feed:
    """Read a catalog; a product that cannot be sold costs only itself.

    Raises:
        CatalogError: the file is not JSON, or holds nothing to sell.
    """
    report = Report(terms.progress)
    document = _document(path)
    catalog = About(document.fields, report)
    own = catalog.part("shop")
    about = About({**own.fields, **terms.about}, report)
    shop = shop_of(about, terms.shop_id, terms.shop_name)
    others = catalog.part("translations")
    if others.fields:
        shop = shop._replace(store=shop.store or shop.id)
    folder = folder_of(path)
    local = LocalPictures(folder, f"{terms.pictures_base}/{shop.id}", read_sizes(folder))
    shelf = _Shelf(about.matching("currency", CURRENCY, terms.currency, str.upper), local, report)
    if "products" in document.fields:
        report.add(WHOLE_FILE, "products must be a list")
    catalog.read.add("products")
    catalog.report_unread("catalog")
    about.report_unread("shop")
    shop = open_shop(path, shop, shelf.fill(document.products), report, before=terms.before)
    translations = translated(shop, others)
    return Feed(shop, report.problems(), folder if folder.is_dir() else None, translations)


def read_fields(path: Path) -> Mapping[str, object]:
    """Return the fields of a JSON object that sells nothing.

    Raises:
        CatalogError: the file is none.
    """
    return _document(path).fields


def _document(path: Path) -> Document:
    try:
        return read_document(read_text(path))
    except json.JSONDecodeError as error:
        reason = f"column {error.colno}: {error.msg}"
        raise CatalogError.of(path, reason, error.lineno) from None
    except RecursionError:
        raise CatalogError.of(path, "is nested too deeply") from None


class _Shelf(NamedTuple):
    currency: str
    local: LocalPictures
    report: Report

    def fill(self, placed: Iterable[Placed]) -> Iterator[Product]:
        """Yield what can be sold; of two products with one id, the first."""
        taken: set[str] = set()
        given: dict[str, int] = {}
        for item in placed:
            self.report.reached(item.share)
            fields = item.value
            if isinstance(fields, dict) and len(taken) < _MOST_WATCHED:
                fields = _WatchedFields(fields)
            try:
                note = partial(self._note, item)
                product = read_product(fields, self.currency, note, self.local)
                self._admit(product, taken)
            except InvalidProduct as error:
                self._note(item, str(error))
                continue
            taken.add(product.id)
            yield product
            if isinstance(fields, _WatchedFields):
                given |= {key: item.line for key in fields.unread() if key not in given}
        for key in list(given)[:MOST_UNREAD]:
            self.report.add(given[key], f"product: the key {shown(key)!r} is not read")

    def _note(self, item: Placed, reason: str) -> None:
        self.report.add(item.line, reason, _named(item.value))

    def _admit(self, product: Product, taken: set[str]) -> None:
        if product.id in taken:
            raise InvalidProduct("another product has this id")
        if len(taken) >= MOST_PRODUCTS:
            raise InvalidProduct(TOO_MANY)


class _WatchedFields(dict[str, object]):
    """The fields of a product, which know what was asked for."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        super().__init__(fields)
        self._names: set[str] = set()

    def get(self, name: str, default: object = None, /) -> object:
        """Return a field, or the default where there is none."""
        self._names.add(name)
        return super().get(name, default)

    def unread(self) -> list[str]:
        """Return the fields that nobody has asked for."""
        return [name for name in self if name not in self._names]


def _named(value: object) -> str:
    name = value.get("id") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""
