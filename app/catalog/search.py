"""Full-text search: accents and endings make no difference, and near misses are found too."""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache
from heapq import merge
from itertools import accumulate, groupby, takewhile
from operator import itemgetter
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

from app.catalog.stored_text import PLACE, StoredNumbers, Texts
from app.domain.catalog import Product, Shop
from app.util.lazy import Lazy

_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_MARKS = "[\u0300-\u036f\u0591-\u05c7\u0640\u064b-\u0655\u0670\u00ad\u200c\u200d\u02bc\u2019]+"
"""Accents, vowel points, hamza, kashida, and what people leave out, as the apostrophe of men's."""

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "\u0131": "i", "æ": "ae", "œ": "oe", "þ": "th"}
) | {sign: sign + 0x60 for sign in range(0x3041, 0x3097)}
"""Letters without a simple one in Unicode; of the two Japanese scripts of one sound one."""

_CHANGING = {"en": (re.compile("[fv]e?$"), "F"), "es": (re.compile("[zc]$"), "Z")}
"""Last letters of stems that the plural has another for (shelf, luz), and a sign for both."""

_AROUND_WORD = '.,;:!?()[]{}"\u2026\u00ab\u00bb\u201c\u201d\u201e\u3001\u3002\u060c\u061b\u061f'
_WORDS = re.compile(r"\w{2,}")
_Stem = Callable[[str], str]
_SHORTEST_STEM = 3
_SHORTEST_BEGINNING = 4
_SHORTEST_MISS = 4
_MOST_MISSING = 2
_ALIKE = 0.75
"""How alike words must be to be taken for each other, 1 being the same."""

_RELATED = {"nb": "no", "nn": "no"}
"""Languages whose endings are those of others."""

_ARABIC = re.compile(r"[\u0621-\u064a]+")
_VOWELS = "^\u0627\u0644(?=...)|[\u0627\u0629\u0648\u0649\u064a]"
"""The Arabic article, and the letters that come and go between a singular and its broken plural."""

_FEWEST_CONSONANTS = 3
_MOST_HELD = 1_000_000
"""Places that are held at a time, where there is a file for the others."""

_SIZE_BYTES = 4
_MOST_GUESSES = 20
"""Words like a misspelt one that are looked for in its category."""


class Found(NamedTuple):
    """The products that fit. `instead` is what was looked for where nothing fits the query."""

    products: Sequence[Product]
    instead: str = ""


class SearchIndex:
    """The products of a shop, to be searched. Their words are gathered at the first search.

    `locale` is the language that they are in (BCP 47), whose endings make no difference, and
    `tag_names` what tags are called there.
    """

    def __init__(
        self,
        products: Iterable[Product],
        locale: str = "en",
        tag_names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._products = items = tuple(products)  # of themselves these would keep us for ever
        self._locale = locale
        self._tag_names = tag_names
        self._words = Lazy(lambda: _gathered(_texts(items, tag_names)))
        self._names = Lazy(lambda: frozenset(_names(items)))

    def prepare(self) -> None:
        """Gather the words, so that the first search need not."""
        self._words()

    def store(self, file: BinaryIO, *, most_held: int = _MOST_HELD) -> None:
        """Gather the words, and write in which products they are where a file ends."""
        words = _gathered(_texts(self._products, self._tag_names), file, most_held)
        self._words = Lazy(lambda: words)

    def find(self, query: str, category: str = "") -> Found:
        """Return the products in which every word of the query is found, in their order.

        Those that are called so go before those that only speak of it. A word finds all that have
        its stem. Where nothing fits, words that nothing holds are taken for the likest known; where
        that does not help either, all lose their endings, a letter or two in most languages, and
        at last those that nothing holds, or nearly everything, are left out.
        """
        words = [bare for word in fold(query).split() if (bare := word.strip(_AROUND_WORD))]
        if not words:
            return Found(())
        stem = _stemmer(self._locale)

        def fitting(wanted: list[str], stem: _Stem | None = None) -> list[Product]:
            found = self._holding(wanted, category, stem)
            parts = [_part(word, stem(word)) if stem else word for word in wanted]
            return sorted(found, key=lambda item: not _is_called(item, parts))

        parted = " ".join(words).replace("-", " ").split()
        for wanted in [words] if parted in ([], words) else [words, parted]:
            if found := fitting(wanted, stem):
                return Found(found)
        nearest = [self._nearest(word, category) for word in words]
        if found := fitting(nearest):
            return Found(found, " ".join(nearest))
        if found := fitting([word[: max(_SHORTEST_BEGINNING, len(word) - 2)] for word in words]):
            return Found(found)
        telling = [word for word in nearest if self._is_telling(word)]
        found = fitting(telling) if telling else []
        return Found(found, " ".join(telling) if found else "")

    def _holding(
        self, wanted: Iterable[str], category: str, stem: _Stem | None = None
    ) -> list[Product]:
        """Return the products whose text holds each word, or one of the same stem."""
        found = [self._words().places(word, stem) for word in wanted]
        places = sorted(set.intersection(*found)) if found else range(len(self._products))
        items = map(self._products.__getitem__, places)
        return [item for item in items if not category or item.category == category]

    def _is_telling(self, word: str) -> bool:
        """Say whether a word sets some products apart, and is no part of others by chance."""
        is_short = word.isascii() and len(word) < _SHORTEST_MISS
        return not is_short and 0 < 2 * len(self._holding([word], "")) <= len(self._products)

    def _nearest(self, word: str, category: str) -> str:
        """Return a word that something holds, else the likest of those that name products."""
        if self._holding([word], category):
            return word
        if root := _root(word):
            like = (name for name in sorted(self._names()) if _root(name) == root)
            if name := next((name for name in like if self._holding([name], category)), ""):
                return name
        if len(word) < _SHORTEST_MISS:
            return word
        from difflib import get_close_matches  # noqa: PLC0415 - most searches find something

        known = [
            name
            for name in self._names()
            if abs(len(name) - len(word)) <= _MOST_MISSING and {*name[:2]} & {*word[:2]}
        ]
        likest = get_close_matches(word, sorted(known), _MOST_GUESSES, _ALIKE)
        return next((name for name in likest if self._holding([name], category)), word)


class _Words(NamedTuple):
    """The words of a shop, those in most products first, and in which those are.

    `text` has each on a line of its own, which begins at its one of `starts`. It is in so many
    products as `totals` says: those of `holders` from its one of `firsts` on, or that one itself
    where it is the only one. The shop has `size` products.
    """

    text: str
    starts: array[int]
    firsts: array[int]
    totals: array[int]
    holders: array[int] | StoredNumbers
    size: int

    def places(self, wanted: str, stem: _Stem | None) -> set[int]:
        """Return the places of the products that hold a word, also inside one or ending else."""
        found: set[int] = set()
        stemmed = stem(wanted) if stem is not None else wanted
        if stem is None or len(stemmed) < _SHORTEST_STEM:
            stem, part = None, wanted
        else:
            part = _part(wanted, stemmed)
        at = self.text.find(part)
        while at >= 0 and len(found) < self.size:
            word = bisect_right(self.starts, at)
            known = self.text[self.starts[word - 1] : self.starts[word] - 1]
            if wanted in known or (stem is not None and stemmed in stem(known)):
                first, total = self.firsts[word - 1], self.totals[word - 1]
                found.update(self.holders[first : first + total] if total > 1 else (first,))
            at = self.text.find(part, self.starts[word])
        return found


def search_index(shop: Shop) -> SearchIndex:
    """Return what finds a shop's products, made once for those of a catalog."""
    return shop.derived(
        "search", lambda: SearchIndex(shop.products.values(), shop.locale, shop.tag_names)
    )


def _gathered(
    texts: Iterable[str], file: BinaryIO | None = None, most_held: int = _MOST_HELD
) -> _Words:
    """Return the words of some texts: a small part of their size, since most are in many.

    With a file their places are written where it ends, and few are held: others wait in files.
    """
    holders: dict[str, array[int]] = {}
    held, place = 0, -1
    with ExitStack() as stack:
        runs: list[Iterable[tuple[str, bytes]]] = []
        for place, text in enumerate(texts):
            words = {word.strip(_AROUND_WORD) for word in fold(text).split()}
            for word in words:
                if word in holders:
                    holders[word].append(place)
                else:
                    holders[word] = array(PLACE, (place,))
            held += len(words)
            if file is not None and held > most_held:
                from tempfile import TemporaryFile  # noqa: PLC0415 - large feeds alone

                spilled = stack.enter_context(TemporaryFile(dir=Path(file.name).parent))
                runs.append(_spilled(_run(holders), spilled))
                holders, held = {}, 0
        runs.append(_run(holders))
        return _merged(runs, file, place + 1)


def _run(holders: Mapping[str, array[int]]) -> Iterator[tuple[str, bytes]]:
    return ((word, holders[word].tobytes()) for word in sorted(holders))


def _spilled(run: Iterable[tuple[str, bytes]], file: BinaryIO) -> Iterator[tuple[str, bytes]]:
    """Write words with their places; return them as they are read again."""
    for word, places in run:
        name = word.encode("utf-8", "surrogatepass")
        file.write(b"%b\n%b%b" % (name, len(places).to_bytes(_SIZE_BYTES), places))
    file.seek(0)
    names = iter(file.readline, b"")
    return (
        (name[:-1].decode("utf-8", "surrogatepass"), file.read(int.from_bytes(size)))
        for name, size in ((name, file.read(_SIZE_BYTES)) for name in names)
    )


def _merged(
    runs: Iterable[Iterable[tuple[str, bytes]]], file: BinaryIO | None, size: int
) -> _Words:
    words: list[str] = []
    firsts, totals, every = array("I"), array("I"), array(PLACE)
    stored = StoredNumbers(Texts(file), file.tell()) if file is not None else None
    write: Callable[[bytes], object] = file.write if file is not None else every.frombytes
    written = 0
    for word, parts in groupby(merge(*runs, key=itemgetter(0)), itemgetter(0)):
        places = b"".join(part for _, part in parts)
        total = len(places) // every.itemsize
        words.append(word)
        totals.append(total)
        firsts.append(written if total > 1 else array(PLACE, places)[0])
        if total > 1:
            write(places)
            written += total
    order = sorted(range(len(words)), key=totals.__getitem__, reverse=True)
    starts = array("I", accumulate((len(words[at]) + 1 for at in order), initial=0))
    firsts, totals = (array("I", map(kind.__getitem__, order)) for kind in (firsts, totals))
    text = "\n".join(map(words.__getitem__, order))
    return _Words(text, starts, firsts, totals, stored or every, size)


def fold(text: str) -> str:
    """Return the text in lower case, without accents and what else people leave out."""
    text = text.lower().replace("'", "")
    return text if text.isascii() else _FOREIGN.sub(lambda run: _without_marks(run[0]), text)


@lru_cache(4096)
def _without_marks(run: str) -> str:
    parted = unicodedata.normalize("NFKD", run.casefold().translate(_LETTERS))
    return unicodedata.normalize("NFC", re.sub(_MARKS, "", parted))


def _texts(items: Iterable[Product], tag_names: Mapping[str, str]) -> Iterator[str]:
    for item in items:
        tags = " ".join(tag_names.get(tag, tag) for tag in item.tags)
        yield f"{item.title} {item.category} {item.vendor} {tags} {item.description}"


def _stemmer(locale: str) -> _Stem:
    """Return what takes the endings of a language off; English ones where it has no rules.

    It is one search's: it has a state that no two threads may share.
    """
    from Stemmer import Stemmer  # noqa: PLC0415 - where nobody searches, none is needed

    language = locale.partition("-")[0].lower()
    try:
        stemmer = Stemmer(_RELATED.get(language, language), 0)
    except KeyError:
        stemmer = Stemmer("en", 0)
    stem: _Stem = stemmer.stemWord
    if language not in _CHANGING:
        return stem
    ending, sign = _CHANGING[language]
    return lambda word: ending.sub(sign, stem(word))


def _root(word: str) -> str:
    """Return the consonants of an Arabic word, as its broken plural has them; else nothing."""
    consonants = re.sub(_VOWELS, "", word) if _ARABIC.fullmatch(word) else ""
    return consonants if len(consonants) >= _FEWEST_CONSONANTS else ""


def _part(word: str, stem: str) -> str:
    """Return what all words of a stem hold.

    It may end in another letter than they do, as that of berries and berry does, and where the
    beginning of a word is taken off as well it is all that they share.
    """
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(word, stem, strict=False))
    shared = sum(1 for _ in pairs)
    return stem[: min(shared, max(_SHORTEST_STEM, len(stem) - 1))] or stem


def _is_called(item: Product, parts: Iterable[str]) -> bool:
    title = fold(item.title)
    return all(part in title for part in parts)


def _names(products: Iterable[Product]) -> Iterator[str]:
    for item in products:
        tags = " ".join(item.tags)
        yield from _WORDS.findall(fold(f"{item.title} {item.category} {item.vendor} {tags}"))
