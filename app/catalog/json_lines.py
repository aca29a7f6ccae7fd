"""A JSON catalog taken apart, product by product, each with the line it starts on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

_SPACE = re.compile(r"[ \t\r\n]*")


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


def read_document(text: str) -> Document:
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
            lists.append(walk.at)
            for _ in walk.items("[", "]"):
                walk.value(_SKIMMER)
        else:
            fields[key] = walk.value()
    walk.end()
    return Document(fields, (placed for at in lists for placed in _Walk(text, at).placed()))


class _Walk:
    """A place in a JSON text, which only ever moves on."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.at = at
        self._text = text
        self._line = 1
        self._counted = 0

    def peek(self) -> str:
        space = _SPACE.match(self._text, self.at)
        self.at = space.end() if space else self.at
        return self._text[self.at : self.at + 1]

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
        value, self.at = (decoder or _DECODER).raw_decode(self._text, self.at)
        return value

    def placed(self) -> Iterator[Placed]:
        """Yield the items of a list."""
        for _ in self.items("[", "]"):
            self.peek()
            self._line += self._text.count("\n", self._counted, self.at)
            self._counted = self.at
            value = self.value()
            yield Placed(self._line, value, self.at / len(self._text))

    def end(self) -> None:
        if self.peek():
            raise self._expected("nothing more")

    def _take(self, mark: str) -> None:
        if self.peek() != mark:
            raise self._expected(f"{mark!r}")
        self.at += 1

    def _expected(self, what: str) -> json.JSONDecodeError:
        return json.JSONDecodeError(f"expected {what}", self._text, self.at)


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")


_SKIMMER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_DECODER = json.JSONDecoder(parse_float=_decimal, parse_int=_decimal, parse_constant=_decimal)
