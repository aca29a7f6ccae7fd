"""Reads Shopify's products: the export, a CSV file, and what its bulk query sends, JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path

from app.catalog.feed import Feed, Listed, Terms, sold
from app.catalog.feed_text import FeedText, open_text
from app.catalog.json_shop import open_feed
from app.catalog.problems import Report
from app.catalog.rows import Layout, Row, read_rows, together
from app.catalog.shopify_lines import Line, read_lines, read_row, read_shop
from app.catalog.shopify_product import read_product
from app.catalog.text import LONGEST_LINE, plain
from app.domain.catalog import SHOPIFY, Product

_COLUMNS = {
    "id": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "description"),
    "vendor": ("vendor",),
    "product category": ("product category", "category: name"),
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

LAYOUT = Layout(
    _COLUMNS, {"id": "Handle", "title": "Title"}, {"quantities": "inventory available:"}
)


def read_shopify(text: FeedText, path: Path, terms: Terms) -> Feed:
    """Read an export; a row that cannot be used costs only itself.

    Raises:
        CatalogError: the file lacks a column it needs, or holds nothing to sell.
    """

    def listed(currency: str, report: Report) -> Iterator[Listed]:
        return _listed(together(partial(read_rows, text, LAYOUT), _handle, report), currency)

    return open_feed(path, terms, listed)


def read_shopify_lines(path: Path, terms: Terms) -> Feed:
    """Read the products of a store; one that cannot be sold costs only itself.

    The store's own first line names the shop, its currency, and where its baskets are bought,
    where nothing else does.

    Raises:
        CatalogError: there is nothing to sell.
    """
    text = open_text(path)
    store = read_shop(text)
    domain = store.get("domain")
    checkout = {"checkout": {"type": SHOPIFY, "domain": domain}} if domain else {}
    named = ("currency", "name")
    about = {name: store[name] for name in named if store.get(name)}
    terms = terms._replace(about={**about, **checkout, **terms.about})
    known: dict[bytes, str] = {}

    def listed(currency: str, report: Report) -> Iterator[Listed]:
        lines = together(partial(read_lines, text), lambda line: line.product, report)
        return _listed_lines(lines, currency, terms, report, known)

    return open_feed(path, terms, listed)._replace(known=known)


def _listed_lines(
    together: Iterable[list[Line]],
    currency: str,
    terms: Terms,
    report: Report,
    known: dict[bytes, str],
) -> Iterator[Listed]:
    """Yield the products of these lines, as they were sold before where the lines are the same.

    `known` takes what need not be read again: what had no problem, by the digest of its lines.
    """
    ids: set[str] = set()

    def read(lines: list[Line]) -> Product | None:
        key, noted = _digest(lines, currency), len(report)
        name = terms.known.get(key)
        if name is None or (name and name not in terms.before):
            product = _of_lines(lines, currency, report)
        else:
            product = terms.before[name] if name else None
        name = product.id if product else ""
        if len(report) == noted and name not in ids:
            known[key] = name
        if name:
            ids.add(name)
        return product

    return ((partial(report.add, lines[0].number), partial(read, lines)) for lines in together)


def _digest(lines: list[Line], currency: str) -> bytes:
    digest = blake2b(currency.encode(), digest_size=16)
    for line in lines:
        digest.update(line.text.encode("utf-8", "surrogatepass"))
    return digest.digest()


def _of_lines(lines: list[Line], currency: str, report: Report) -> Product | None:
    """Return the product of its own line and those of its variants, which come behind it."""
    rows = [row for line in lines if (row := read_row(line, report))]
    handle = {"id": rows[0]["id"] if rows else ""}
    named = [replace(row, cells={**row.cells, **handle}) for row in rows]
    return next(sold(_listed([named], currency), {}), None)


def _handle(row: Row) -> str:
    return plain(row["id"], LONGEST_LINE + 1)  # some rows may have it decomposed


def _listed(groups: Iterable[list[Row]], currency: str) -> Iterator[Listed]:
    placed = filter(None, map(_placed, groups))
    return ((rows[0].note, partial(read_product, rows, currency)) for rows in placed)


def _placed(rows: Iterable[Row]) -> list[Row]:
    """Return the rows of a handle, those with its title first; the others are of no product."""
    rows = list(rows)
    name = next((row["title"] for row in rows if row["title"]), "")
    placed: list[Row] = []
    title = name
    for row in rows:
        title = row["title"] or title
        if not row["id"]:
            row.note("has no handle")
        elif not name:
            row.note("has no title, nor has another row with this handle")
        elif title != name:
            row.note("another product has this handle")
        else:
            placed.append(row)
    return sorted(placed, key=lambda row: not row["title"])
