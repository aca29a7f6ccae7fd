"""Reads the JSON format: a shop with its brand, its products, and both in other languages."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path
from typing import NamedTuple

from app.catalog.feed import Feed, Listed, Terms, open_shop
from app.catalog.feed_text import FeedText, open_text
from app.catalog.images import LocalPictures, folder_of, read_sizes
from app.catalog.json_product import read_product
from app.catalog.json_shop import MOST_UNREAD, About, shop_of
from app.catalog.problems import WHOLE_FILE, CatalogError, Note, Report, shown
from app.catalog.translations import translated
from app.domain.catalog import Product

_MOST_WATCHED = 1_000
"""Products of which it is seen what nobody reads; the others are hardly different."""

_UNENDED = "Unterminated string"
_LONGEST_SIGN = 16
"""Characters at the end of what is held in which something may be cut, as in -Infinity."""

_SPACE = re.compile(r"[ \t\r\n]*")


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
    local = LocalPictures(os.path.realpath(folder), f"/pictures/{shop.id}", read_sizes(folder))
    currency = about.currency(path, terms.currency)
    if "products" in document.fields:
        report.add(WHOLE_FILE, "products must be a list")
    catalog.read.add("products")
    catalog.report_unread("catalog")
    about.report_unread("shop")
    listed = _listed(document.products, currency, local, report)
    shop = open_shop(path, shop, listed, report, terms=terms)
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
        return read_document(open_text(path))
    except json.JSONDecodeError as error:
        reason = f"column {error.colno}: {error.msg}"
        raise CatalogError.of(path, reason, error.lineno) from None
    except RecursionError:
        raise CatalogError.of(path, "is nested too deeply") from None


def _listed(
    placed: Iterable[Placed], currency: str, local: LocalPictures, report: Report
) -> Iterator[Listed]:
    """Yield products to be read, then report the keys that nobody asks for."""
    unread: dict[str, int] = {}

    def read(line: int, fields: object, note: Note) -> Product:
        product = read_product(fields, currency, note, local)
        for key in fields.unread() if isinstance(fields, _WatchedFields) else ():
            unread.setdefault(key, line)
        return product

    for at, (line, value, share) in enumerate(placed):
        report.reached(share)
        fields = value if isinstance(value, dict) else {}
        name = fields.get("id")
        note = partial(report.add, line, product=name if isinstance(name, str) else "")
        watched = _WatchedFields(fields) if fields and at < _MOST_WATCHED else value
        yield note, partial(read, line, watched, note)
    for key, line in [*unread.items()][:MOST_UNREAD]:
        report.add(line, f"product: the key {shown(key)!r} is not read")


class _WatchedFields(dict[str, object]):
    """The fields of a product or of a variant, which know what was asked for."""

    def __init__(self, fields: Mapping[str, object], *, is_product: bool = True) -> None:
        super().__init__(fields)
        self._names: set[str] = set()
        forms = fields.get("variants") if is_product else None
        self._forms: list[_WatchedFields] = []
        if isinstance(forms, list) and all(isinstance(form, dict) for form in forms):
            self["variants"] = self._forms = [_WatchedFields(f, is_product=False) for f in forms]

    def get(self, name: str, default: object = None, /) -> object:
        """Return a field, or the default where there is none."""
        self._names.add(name)
        return super().get(name, default)

    def unread(self) -> list[str]:
        """Return the fields that nobody has asked for, where the last was: the picture."""
        if "image" not in self._names:
            return []
        forms = (f"variants, {name}" for form in self._forms for name in form.unread())
        return [*(name for name in self if name not in self._names), *forms]


class Placed(NamedTuple):
    """A value, the line it starts on, and how much of the text is before its end, up to 1."""

    line: int
    value: object
    share: float


class Document(NamedTuple):
    """The fields of a catalog, its products apart. Every number is a Decimal.

    Products come one by one: all at once they would take several times the memory of the file.
    """

    fields: Mapping[str, object]
    products: Iterator[Placed]


def read_document(text: FeedText) -> Document:
    """Take a catalog apart.

    Raises:
        json.JSONDecodeError: the text is not JSON, or no object.
        RecursionError: it is nested too deeply.
    """
    walk = _Walk(text)
    fields: dict[str, object] = {}
    lists: list[int] = []
    for _ in walk.items("{", "}"):
        key = walk.key()
        if key == "products" and walk.peek() == "[":
            lists.append(walk.place)
            for _ in walk.items("[", "]"):
                walk.value(_SKIMMER)
        else:
            fields[key] = walk.value()
    walk.end()
    return Document(fields, (placed for at in lists for placed in _Walk(text, at).placed()))


class _Walk:
    """A place in a JSON text, which only ever moves on; some of the text is held at a time."""

    def __init__(self, text: FeedText, start: int = 0) -> None:
        self._text = text
        self._pieces = text.pieces()
        self._held = ""
        self._at = self._counted = 0
        self._before, self._line, self._column = 0, 1, 0
        """Characters before what is held, the line, and how much of that is before what is held."""
        while self.place < start and self._hold_more():
            self._at = min(start - self._before, len(self._held))

    @property
    def place(self) -> int:
        """How many characters there are before it."""
        return self._before + self._at

    def peek(self) -> str:
        while True:
            space = _SPACE.match(self._held, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._held) or not self._hold_more():
                return self._held[self._at : self._at + 1]

    def items(self, opening: str, closing: str) -> Iterator[None]:
        """Stop before each item of a list or object, which the caller then reads."""
        self._take(opening)
        while self.peek() != closing:
            yield
            if self.peek() != closing:
                self._take(",")
                if self.peek() == closing:
                    raise self._expected(f"no {closing!r} after a comma")
        self._take(closing)

    def key(self) -> str:
        if self.peek() != '"':
            raise self._expected("a name in double quotes")
        name = str(self.value())
        self._take(":")
        return name

    def value(self, decoder: json.JSONDecoder | None = None) -> object:
        self.peek()
        while True:
            try:
                value, end = (decoder or _DECODER).raw_decode(self._held, self._at)
            except json.JSONDecodeError as error:
                is_cut = error.pos > len(self._held) - _LONGEST_SIGN
                if not (is_cut or error.msg.startswith(_UNENDED)) or not self._hold_more():
                    raise self._error(error.msg, error.pos) from None
            else:  # a number may go on
                if end < len(self._held) or not self._hold_more():
                    self._at = end
                    return value

    def placed(self) -> Iterator[Placed]:
        """Yield the items of a list."""
        for _ in self.items("[", "]"):
            self.peek()
            self._count_lines()
            line, value = self._line, self.value()
            yield Placed(line, value, self._text.share(self.place))

    def end(self) -> None:
        if self.peek():
            raise self._expected("nothing more")

    def _hold_more(self) -> bool:
        """Let go of what has been read, and hold as much again as is left, a piece at least."""
        pieces: list[str] = []
        left = len(self._held) - self._at
        while sum(map(len, pieces)) <= left and (piece := next(self._pieces, "")):
            pieces.append(piece)
        if pieces:
            self._count_lines()
            newline = self._held.rfind("\n", 0, self._at)
            self._column = self._at - newline - 1 + (self._column if newline < 0 else 0)
            self._before += self._at
            self._held = self._held[self._at :] + "".join(pieces)
            self._at = self._counted = 0
        return bool(pieces)

    def _count_lines(self) -> None:
        self._line += self._held.count("\n", self._counted, self._at)
        self._counted = self._at

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise self._expected(f"{mark!r}")
        self._at += 1

    def _expected(self, what: str) -> json.JSONDecodeError:
        return self._error(f"expected {what}", self._at)

    def _error(self, reason: str, at: int) -> json.JSONDecodeError:
        """Return an error with its line and column in the whole text."""
        self._count_lines()
        error = json.JSONDecodeError(reason, self._held, at)
        error.colno += self._column if error.lineno == 1 else 0
        error.lineno = self._line + self._held.count("\n", self._at, at)
        return error


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


_SKIMMER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_DECODER = json.JSONDecoder(parse_float=_decimal, parse_int=_decimal, parse_constant=_decimal)
