"""Search by words: accents and plurals make no difference, and a slip of the finger finds too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from app.domain.catalog import Product

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u0652\u00ad\u200c\u200d\u02bc\u2019]+")
"""Accents, vowel points, and signs that people leave out, as the apostrophe in men's."""

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
)
_WORDS = re.compile(r"\w{2,}")
_SHORTEST_STEM = 4
_SHORTEST_MISS = 4
_MOST_MISSING = 2
_ALIKE = 0.75
"""How alike words must be to be taken for each other, 1 being the same."""

_MOST_KEPT = 8_000_000
"""Characters of folded text kept for the next search; a larger shop is folded at each."""


class Found(NamedTuple):
    """The products that fit. `instead` is what was looked for where nothing fits the query."""

    products: list[Product]
    instead: str = ""


class SearchIndex:
    """The products of a shop, to be searched."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = tuple(products)
        self._texts: Sequence[str] | None = None

    def find(self, query: str, category: str = "") -> Found:
        """Return the products in which every word of the query is found, in their order.

        A plural finds what its singular finds. Where nothing fits, words that nothing holds are
        taken for the likest known, and where that does not help either, all lose their endings.
        """
        shelf = [
            (item, text)
            for item, text in zip(self._products, self._folded(), strict=True)
            if not category or item.category == category
        ]
        words = fold(query).split()
        if found := _matching(shelf, [_numbers(word) for word in words]):
            return Found(found)
        nearest = [_nearest(word, shelf) for word in words]
        if found := _matching(shelf, [(word,) for word in nearest]):
            return Found(found, " ".join(nearest))
        return Found(_matching(shelf, [(_stem(word),) for word in words]))

    def _folded(self) -> Sequence[str]:
        if self._texts is not None:
            return self._texts
        texts = [_text(item) for item in self._products]
        if sum(map(len, texts)) <= _MOST_KEPT:
            self._texts = texts
        return texts


def fold(text: str) -> str:
    """Return the text in lower case, without accents and what else people leave out."""
    text = text.lower().replace("'", "")
    return text if text.isascii() else _FOREIGN.sub(lambda run: _without_marks(run[0]), text)


@lru_cache(4096)
def _without_marks(run: str) -> str:
    parted = unicodedata.normalize("NFKD", run.casefold().translate(_LETTERS))
    return unicodedata.normalize("NFC", _MARKS.sub("", parted))


def _text(item: Product) -> str:
    tags = " ".join(item.tags)
    return fold(f"{item.title} {item.category} {item.vendor} {tags} {item.description}")


def _numbers(word: str) -> Sequence[str]:
    """Return a word and, if it looks like a plural, its singulars."""
    forms = [word]
    if len(word) >= _SHORTEST_STEM and word[-1] in "sx" and word[-2] not in "su":
        forms.append(word[:-1])
        if re.search("[sxzh]es$", word):
            forms.append(word[:-2])
        if word.endswith("ies"):
            forms.append(f"{word[:-3]}y")
    return forms


def _stem(word: str) -> str:
    """Return a word without its ending, which in most languages is one or two letters."""
    return word[: max(_SHORTEST_STEM, len(word) - 2)]


def _matching(
    shelf: Iterable[tuple[Product, str]], wanted: Sequence[Sequence[str]]
) -> list[Product]:
    """Return the products whose text holds one form of each word."""
    for forms in wanted:
        shelf = [(item, text) for item, text in shelf if any(form in text for form in forms)]
    return [item for item, _ in shelf]


def _nearest(word: str, shelf: Sequence[tuple[Product, str]]) -> str:
    """Return the word itself where something holds it, else the likest in what names products."""
    if len(word) < _SHORTEST_MISS or any(word in text for _, text in shelf):
        return word
    from difflib import get_close_matches  # noqa: PLC0415 - most searches find something

    known = {
        name
        for name in _names(item for item, _ in shelf)
        if abs(len(name) - len(word)) <= _MOST_MISSING and {*name[:2]} & {*word[:2]}
    }
    return next(iter(get_close_matches(word, sorted(known), 1, _ALIKE)), word)


def _names(products: Iterable[Product]) -> Iterator[str]:
    for item in products:
        tags = " ".join(item.tags)
        yield from _WORDS.findall(fold(f"{item.title} {item.category} {item.vendor} {tags}"))
