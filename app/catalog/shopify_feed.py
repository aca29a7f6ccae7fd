"""Reads Shopify's product export: a CSV file in which a product has a row for each variant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from app.catalog.feed import MOST_PRODUCTS, Feed, Terms, open_shop
from app.catalog.json_shop import shop_beside
from app.catalog.problems import WHOLE_FILE, CatalogError, InvalidProduct, Report
from app.catalog.rows import Row, read_rows
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
    try:
        products = _products(read_rows(text, SHOPIFY, report), report)
    except InvalidProduct as error:
        raise CatalogError(path, (FeedIssue(WHOLE_FILE, str(error)),)) from None
    shop, currency = shop_beside(terms, report)
    sold = _sold(products.values(), currency, report)
    shop = open_shop(path, shop, sold, report)
    return Feed(shop, report.problems())


def _products(rows: Iterable[Row], report: Report) -> dict[str, list[Row]]:
    """Return the rows of each handle, the one with the title first."""
    products: dict[str, list[Row]] = {}
    for row in rows:
        handle = plain(row["handle"], LONGEST_LINE + 1)  # some rows may have it decomposed
        reason = _unplaced(row, handle, products)
        if reason:
            report.add(row.line, reason, handle)
        else:
            products.setdefault(handle, []).append(row)
    return products


def _unplaced(row: Row, handle: str, products: dict[str, list[Row]]) -> str:
    """Say why a row belongs to no product; empty where it does."""
    title = row["title"]
    if not handle:
        return "has no handle"
    if handle in products:
        another = title and title != products[handle][0]["title"]
        return "another product has this handle" if another else ""
    if len(products) >= MOST_PRODUCTS:
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
