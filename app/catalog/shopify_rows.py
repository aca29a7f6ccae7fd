"""The rows of a Shopify product export: cells by column, each row with the line it starts on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from app.catalog.feed import LARGEST_FILE
from app.catalog.problems import InvalidProduct, Report

csv.field_size_limit(LARGEST_FILE)  # a cell may be as large as its file

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

_REQUIRED = {"handle": "Handle", "title": "Title"}
_DELIMITERS = ",;\t|"
_HINT = re.compile(r"\s*\"?sep=(.)", re.IGNORECASE)
"""A first line by which a spreadsheet tells the next one what stands between the cells."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A column that the file does not have is empty."""

    line: int
    cells: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def has(self, name: str) -> bool:
        """Whether the file has the column at all."""
        return name in self.cells


class _Reader(Protocol):
    @property
    def line_num(self) -> int: ...

    def __next__(self) -> list[str]: ...


def read_rows(text: str, report: Report) -> Iterator[Row]:
    """Yield the rows that fit the header; the others are reported, and empty ones passed over.

    Raises:
        InvalidProduct: the header lacks a column that products cannot do without.
    """
    hint = _HINT.match(text)
    delimiter = _delimiter(text, hint)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines = _lines(reader, report)
    if hint:
        next(lines)
    header = next((cells for _, cells in lines if any(cells)), [])
    places = _places(header)
    missing = [name for column, name in _REQUIRED.items() if column not in places]
    if missing:
        raise InvalidProduct(f"the header lacks the column {' and the column '.join(missing)}")
    for line, cells in lines:
        if not any(cells):
            continue
        if len(cells) != len(header):
            report.add(line, f"has {len(cells)} cells, and the header {len(header)}")
        else:
            yield Row(line, {name: cells[place].strip() for name, place in places.items()})


def _lines(reader: _Reader, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it starts on. A row that is no CSV costs only itself."""
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.add(line, f"is not CSV: {error}")
            continue
        yield line, cells


def _delimiter(text: str, hint: re.Match[str] | None) -> str:
    """Return what stands between cells: that by which most columns of the header are known."""
    lines = text.splitlines()[1:] if hint else text.splitlines()
    header = next((line for line in lines if line.strip()), "")
    choices = _DELIMITERS + (hint[1] if hint else "")
    return max(choices, key=lambda sign: len(_places(header.replace('"', "").split(sign))))


def _places(header: list[str]) -> dict[str, int]:
    names = [_letters(name) for name in header]
    return {
        column: names.index(_letters(label))
        for column, labels in _COLUMNS.items()
        for label in reversed(labels)
        if _letters(label) in names
    }


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
