"""Reads Google Merchant feeds, which nearly every shop system exports: RSS or Atom, and tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache, partial
from html import unescape
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from app.catalog.feed import Feed, Listed, Terms
from app.catalog.feed_text import FeedText, open_text
from app.catalog.json_shop import open_feed
from app.catalog.merchant_product import read_product
from app.catalog.problems import CatalogError, Report
from app.catalog.rows import Layout, Row, read_rows, together
from app.catalog.text import LONGEST_LINE, plain
from app.domain.catalog import Product

LAYOUT = Layout(
    {
        "id": ("id",),
        "title": ("title",),
        "structured title": ("structured title",),
        "description": ("description",),
        "structured description": ("structured description",),
        "image": ("image link",),
        "price": ("price",),
        "sale price": ("sale price",),
        "sale dates": ("sale price effective date",),
        "availability": ("availability",),
        "expires": ("expiration date",),
        "condition": ("condition",),
        "quantity": ("quantity", "sell on google quantity"),
        "brand": ("brand",),
        "type": ("product type",),
        "google category": ("google product category",),
        "group": ("item group id",),
        "color": ("color", "colour"),
        "size": ("size",),
        "material": ("material",),
        "pattern": ("pattern",),
        "gender": ("gender",),
        "age group": ("age group",),
        "subscription": ("subscription cost",),
    },
    {"id": "id", "title": "title", "price": "price"},
)
"""Source: Google's product data specification. `image_link` and `image link` are the same."""

_known = lru_cache(1_000)(LAYOUT.known)
_ITEMS = {"item", "entry"}
_DEEPEST = 64
_UNSEEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Signs that no XML may have, and texts copied from elsewhere do."""

_SOURCE = re.compile(r'(?:trained_algorithmic_media|default)\s*:\s*"?(.*?)"?', re.DOTALL)
"""How a table has a text of which Google is to know that a machine wrote it: source and text."""


def read_merchant_table(text: FeedText, path: Path, terms: Terms) -> Feed:
    """Read a feed whose items are rows; one that cannot be used costs only itself.

    Raises:
        CatalogError: it lacks a column it needs, or holds nothing to sell.
    """
    return _open(path, partial(read_rows, text, LAYOUT), terms)


def read_merchant_xml(path: Path, terms: Terms) -> Feed:
    """Read an RSS or Atom feed; its own title names the shop where nothing else does.

    Raises:
        CatalogError: it is not XML, declares a document type, or holds nothing to sell.
    """
    text = open_text(path)
    named = terms._replace(shop_name=plain(_title(path, text)) or terms.shop_name)
    return _open(path, lambda report: _Walk(path, text).rows(report), named)


def _title(path: Path, text: FeedText) -> str:
    walk = _Walk(path, text)
    any(walk.title for _ in walk.items())  # before which it usually stands
    return walk.title


def _open(path: Path, read: Callable[[Report], Iterable[Row]], terms: Terms) -> Feed:
    def listed(currency: str, report: Report) -> Iterator[Listed]:
        for rows in together(read, _name, report):
            yield rows[0].note, partial(_product, [*map(_worded, rows)], currency)

    return open_feed(path, terms, listed)


def _worded(row: Row) -> Row:
    """Return the row with what a machine wrote where it has no other title or description."""
    cells = dict(row.cells)
    for name in ("title", "description"):
        if written := "" if row[name] else row[f"structured {name}"]:
            found = _SOURCE.fullmatch(written)
            cells[name] = found[1] if found else written
    return replace(row, cells=cells)


def _name(row: Row) -> tuple[str, str]:
    """Return by what the rows of a product are known: their group, or their one id."""
    group = plain(row["group"], LONGEST_LINE + 1)
    return ("group", group) if group else ("item", plain(row["id"], LONGEST_LINE + 1))


def _product(rows: list[Row], currency: str) -> Product:
    """Return the product of a group, or the first item of an id."""
    alone = rows if rows[0]["group"] else rows[:1]
    for row in rows[len(alone) :]:
        row.note("another product has this id")
    return read_product(alone, currency)


class _Item(NamedTuple):
    line: int
    depth: int
    cells: dict[str, str]


class _Walk:
    """Yields the items of a feed as they close: all of them might be more than memory holds.

    Of what they hold below their own fields, only the content of structured texts is read.
    """

    def __init__(self, path: Path, text: FeedText) -> None:
        self.title = ""
        self._path = path
        self._feed = text
        self._closed: list[_Item] = []
        self._open: list[str] = []
        self._item: _Item | None = None
        self._text: list[str] = []
        self._parser = parser = expat.ParserCreate()  # some feeds use prefixes they never declare
        parser.buffer_text = True
        parser.UseForeignDTD(True)  # so that names of HTML's signs are no errors
        parser.StartDoctypeDeclHandler = self._doctype
        parser.SkippedEntityHandler = self._sign
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append

    def items(self, reached: Callable[[float], object] = float) -> Iterator[_Item]:
        """Yield them; `reached` is called with how much of the feed has been read, up to 1.

        Raises:
            CatalogError: it is not XML, or asks for what no feed needs.
        """
        begun, read = False, 0
        for piece in chain(self._feed.pieces(), (None,)):
            shown = _UNSEEN.sub("", piece or "")
            begins = shown if begun else shown.lstrip("\ufeff \t\r\n")
            begun = begun or bool(begins)
            try:
                self._parser.Parse(begins, piece is None)
            except expat.ExpatError as error:
                reason = f"column {error.offset + 1}: {expat.ErrorString(error.code)}"
                raise CatalogError.of(self._path, reason, error.lineno) from None
            closed, self._closed = self._closed, []
            yield from closed
            read += len(piece or "")
            reached(self._feed.share(read))

    def rows(self, report: Report) -> Iterator[Row]:
        """Yield the items as rows."""
        for item in self.items(report.reached):
            yield Row(item.line, item.cells, report)

    def _sign(self, name: str, is_parameter: bool) -> None:
        self._text.append("" if is_parameter else unescape(f"&{name};"))

    def _doctype(self, name: str | None, *_: object) -> None:
        if name is None:  # none is declared
            return
        raise self._refused("declares a document type: no feed needs one, and entities hide there")

    def _start(self, name: str, _: object) -> None:
        self._open.append(name.rpartition(":")[2])
        if len(self._open) > _DEEPEST:
            raise self._refused("is nested too deeply")
        if self._item is None and self._open[-1] in _ITEMS:
            self._item = _Item(self._parser.CurrentLineNumber, len(self._open), {})
        elif self._item and _known(self._open[-1]) == "subscription":  # it has parts, and no text
            self._item.cells["subscription"] = self._open[-1]
        self._text.clear()

    def _end(self, _: str) -> None:
        name, text, item = self._open.pop(), "".join(self._text).strip(), self._item
        self._text.clear()
        if item is None:
            self.title = self.title or (text if name == "title" else "")
        elif len(self._open) == item.depth or name == "content":
            known = _known(name) or _known(self._open[-1])
            if known and text:
                item.cells.setdefault(known, text)
        elif len(self._open) < item.depth:
            self._closed.append(item)
            self._item = None

    def _refused(self, reason: str) -> CatalogError:
        return CatalogError.of(self._path, reason, self._parser.CurrentLineNumber)
