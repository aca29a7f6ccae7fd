"""Reads Shopify's product export: a CSV file in which a product has a row for each variant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from app.catalog.feed import MOST_PRODUCTS, Feed, Terms, open_shop
from app.catalog.json_shop import shop_beside
from app.catalog.problems import WHOLE_FILE, CatalogError, InvalidProduct, Report
from app.catalog.rows import Row, read_rows, together
from app.catalog.shopify_product import read_product
from app.catalog.shopify_rows import SHOPIFY
from app.catalog.text import LONGEST_LINE, plain
from app.domain.catalog import FeedIssue, Product


def read_shopify(text: str, path: Path, terms: Terms) -> Feed:
    """Read an export; a row that cannot be used costs only itself.

    Raises:
        CatalogError: the file lacks a column it needs, or holds nothing to sell.
    """
    report = Report()
    shop, currency = shop_beside(terms, report)
    rows = together(partial(read_rows, text, SHOPIFY), _handle, report)
    try:
        products = _sold(_products(rows, report), currency, report)
        shop = open_shop(path, shop, products, report, before=terms.before)
    except InvalidProduct as error:
        raise CatalogError(path, (FeedIssue(WHOLE_FILE, str(error)),)) from None
    return Feed(shop, report.problems())


def _handle(row: Row) -> str:
    return plain(row["handle"], LONGEST_LINE + 1)  # some rows may have it decomposed


def _products(together: Iterable[list[Row]], report: Report) -> Iterator[list[Row]]:
    """Yield the rows of each handle from the one with the title on."""
    products = 0
    for rows in together:
        placed: list[Row] = []
        for row in rows:
            reason = _unplaced(row, placed, products)
            if reason:
                report.add(row.line, reason, _handle(row))
            else:
                placed.append(row)
        if placed:
            products += 1
            yield placed


def _unplaced(row: Row, placed: Sequence[Row], products: int) -> str:
    """Say why a row belongs to no product; empty where it does."""
    title = row["title"]
    if not row["handle"]:
        return "has no handle"
    if placed:
        another = title and title != placed[0]["title"]
        return "another product has this handle" if another else ""
    if products >= MOST_PRODUCTS:
        return f"comes after {MOST_PRODUCTS} products, the most a shop may have"
    return "" if title else "has no title, nor has a row before it with this handle"


def _sold(products: Iterable[list[Row]], currency: str, report: Report) -> Iterator[Product]:
    for rows in products:
        try:
            product = read_product(rows, currency, report)
        except InvalidProduct as error:
            report.add(rows[0].line, str(error), rows[0]["handle"])
            continue
        if product:
            yield product
