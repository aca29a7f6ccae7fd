"""Search by words: accents and plurals make no difference, and a slip of the finger finds too."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from app.domain.catalog import Product
from app.util.lazy import Lazy

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

_MOST_GUESSES = 20
"""Words like a misspelt one that are looked for in its category."""


class Found(NamedTuple):
    """The products that fit. `instead` is what was looked for where nothing fits the query."""

    products: list[Product]
    instead: str = ""


class SearchIndex:
    """The products of a shop, to be searched. Their words are gathered at the first search."""

    def __init__(self, products: Iterable[Product]) -> None:
        self._products = items = tuple(products)  # of themselves these would keep us for ever
        self._words = Lazy(lambda: _gathered(map(_text, items)))
        self._names = Lazy(lambda: frozenset(_names(items)))

    def prepare(self) -> None:
        """Gather the words, so that the first search need not."""
        self._words()

    def find(self, query: str, category: str = "") -> Found:
        """Return the products in which every word of the query is found, in their order.

        A plural finds what its singular finds. Where nothing fits, words that nothing holds are
        taken for the likest known, and where that does not help either, all lose their endings.
        """
        words = fold(query).split()
        if found := self._holding([_numbers(word) for word in words], category):
            return Found(found)
        nearest = [self._nearest(word, category) for word in words]
        if found := self._holding([(word,) for word in nearest], category):
            return Found(found, " ".join(nearest))
        return Found(self._holding([(_stem(word),) for word in words], category))

    def _holding(self, wanted: Sequence[Sequence[str]], category: str) -> list[Product]:
        """Return the products whose text holds one form of each word."""
        places: Iterable[int] = range(len(self._products))
        if wanted:
            places = sorted(set.intersection(*map(self._words().places, wanted)))
        items = map(self._products.__getitem__, places)
        return [item for item in items if not category or item.category == category]

    def _nearest(self, word: str, category: str) -> str:
        """Return a word that something holds, else the likest of those that name products."""
        if len(word) < _SHORTEST_MISS or self._holding([(word,)], category):
            return word
        from difflib import get_close_matches  # noqa: PLC0415 - most searches find something

        known = [
            name
            for name in self._names()
            if abs(len(name) - len(word)) <= _MOST_MISSING and {*name[:2]} & {*word[:2]}
        ]
        likest = get_close_matches(word, sorted(known), _MOST_GUESSES, _ALIKE)
        return next((name for name in likest if self._holding([(name,)], category)), word)


class _Words(NamedTuple):
    """The words of a shop, and in which products they are.

    `text` has each on a line of its own, which begins at its one of `starts`; its products are
    those of `holders` from its one of `firsts` to the next word's. There are `total` products.
    """

    text: str
    starts: array[int]
    firsts: array[int]
    holders: array[int]
    total: int

    def places(self, forms: Iterable[str]) -> set[int]:
        """Return the places of the products that hold one of these, be it inside a word."""
        found: set[int] = set()
        for form in forms:
            at = self.text.find(form)
            while at >= 0 and len(found) < self.total:
                word = bisect_right(self.starts, at)
                found.update(self.holders[self.firsts[word - 1] : self.firsts[word]])
                at = self.text.find(form, self.starts[word])
        return found


def _gathered(texts: Iterable[str]) -> _Words:
    """Return the words of some texts: a small part of their size, since most are in many."""
    holders: dict[str, array[int]] = {}
    place = -1
    for place, text in enumerate(texts):
        for word in set(text.split()):
            if word in holders:
                holders[word].append(place)
            else:
                holders[word] = array("I", (place,))
    starts = array("I", accumulate((len(word) + 1 for word in holders), initial=0))
    firsts = array("I", accumulate(map(len, holders.values()), initial=0))
    every = array("I")
    for some in holders.values():
        every += some
    return _Words("\n".join(holders), starts, firsts, every, place + 1)


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


def _names(products: Iterable[Product]) -> Iterator[str]:
    for item in products:
        tags = " ".join(item.tags)
        yield from _WORDS.findall(fold(f"{item.title} {item.category} {item.vendor} {tags}"))
