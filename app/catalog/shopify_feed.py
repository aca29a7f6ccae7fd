"""Reads Shopify's products: the export, a CSV file, and what its bulk query sends, JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path

from app.catalog.feed import MOST_PRODUCTS, TOO_MANY, Feed, Terms, open_shop, read_text
from app.catalog.json_shop import shop_beside
from app.catalog.problems import InvalidProduct, Report
from app.catalog.rows import Layout, Row, read_rows, together
from app.catalog.shopify_lines import Line, read_lines, read_row, read_shop
from app.catalog.shopify_product import read_product
from app.catalog.text import LONGEST_LINE, plain
from app.domain.catalog import SHOPIFY, Product

_COLUMNS = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "description"),
    "vendor": ("vendor",),
    "product category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "option1 name": ("option1 name",),
    "option1": ("option1 value",),
    "option2 name": ("option2 name",),
    "option2": ("option2 value",),
    "option3 name": ("option3 name",),
    "option3": ("option3 value",),
    "variant id": ("variant id",),
    "sku": ("variant sku", "sku"),
    "variant image": ("variant image", "variant image url"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "when out of stock": ("variant inventory policy", "continue selling when out of stock"),
    "price": ("variant price", "price"),
    "compare at": ("variant compare at price", "compare-at price"),
    "image": ("image src", "product image url"),
    "position": ("image position",),
    "alt": ("image alt text",),
}
"""Our name of a column -> the names it has in the older and the newer export.

They are compared by their letters and digits alone: tools between a shop and a file write
`Body HTML` and `Variant Compare-at Price`.

Source: Shopify's help on product CSV files and its two sample templates. `Variant ID` is in none of
its own, but in those of common export apps; its checkout knows variants by nothing else.
"""

LAYOUT = Layout(_COLUMNS, {"handle": "Handle", "title": "Title"})


def read_shopify(text: str, path: Path, terms: Terms) -> Feed:
    """Read an export; a row that cannot be used costs only itself.

    Raises:
        CatalogError: the file lacks a column it needs, or holds nothing to sell.
    """
    report = Report(terms.progress)
    shop, currency = shop_beside(terms, report)
    rows = together(partial(read_rows, text, LAYOUT), _handle, report)
    products = _sold(_products(rows, report), currency, report)
    shop = open_shop(path, shop, products, report, before=terms.before)
    return Feed(shop, report.problems())


def read_shopify_lines(path: Path, terms: Terms) -> Feed:
    """Read the products of a store; one that cannot be sold costs only itself.

    The store's own first line names the shop, its currency, and where its baskets are bought,
    where nothing else does.

    Raises:
        CatalogError: there is nothing to sell.
    """
    report, text = Report(terms.progress), read_text(path)
    store = read_shop(text)
    domain = store.get("domain")
    checkout = {"checkout": {"type": SHOPIFY, "domain": domain}} if domain else {}
    named = ("currency", "name")
    about = {name: store[name] for name in named if store.get(name)}
    terms = terms._replace(about={**about, **checkout, **terms.about})
    shop, currency = shop_beside(terms, report)
    lines = together(partial(read_lines, text), lambda line: line.product, report)
    known: dict[bytes, str] = {}
    products = _sold_of_lines(lines, currency, terms, report, known)
    shop = open_shop(path, shop, products, report, before=terms.before)
    return Feed(shop, report.problems(), known=known)


def _sold_of_lines(
    together: Iterable[list[Line]],
    currency: str,
    terms: Terms,
    report: Report,
    known: dict[bytes, str],
) -> Iterator[Product]:
    """Yield the products of these lines, as they were sold before where the lines are the same.

    `known` takes what need not be read again: what had no problem, by the digest of its lines.
    """
    sold: set[str] = set()
    for lines in together:
        key = _digest(lines, currency)
        name = terms.known.get(key)
        if name is None or (name and name not in terms.before):
            noted = len(report)
            product = _of_lines(lines, currency, report)
            if len(report) > noted or (product and product.id in sold):
                key = b""
        else:
            product = terms.before[name] if name else None
        if product and len(sold) >= MOST_PRODUCTS:
            report.add(lines[0].number, TOO_MANY, product.id)
            continue
        if key:
            known[key] = product.id if product else ""
        if product:
            sold.add(product.id)
            yield product


def _digest(lines: list[Line], currency: str) -> bytes:
    digest = blake2b(currency.encode(), digest_size=16)
    for line in lines:
        digest.update(line.text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _of_lines(lines: list[Line], currency: str, report: Report) -> Product | None:
    """Return the product of its own line and those of its variants, which come behind it."""
    read = (read_row(line, report) for line in lines)
    rows = [row for row in read if row is not None]
    handle = {"handle": rows[0]["handle"] if rows else ""}
    named = [Row(row.line, {**row.cells, **handle}) for row in rows]
    return next(_sold(_products([named], report), currency, report), None)


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
        return TOO_MANY
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
