"""Reads what a text states: phrases of the word lists, and numbers with what they count."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from app.generation.copy.lexicon import Hit, Lexicons
from app.generation.copy.numbers import Number, NumberWords, digits_value
from app.generation.copy.text import fold, forms, is_money, joined, words

UNIVERSAL = "und"
"""The list of what is written alike in every language: currency codes and signs."""

_JAPANESE = re.compile("[\u3041-\u30ff\u3400-\u9fff]")
SCRIPTS = {"ar": re.compile("[\u0620-\u06ff]"), "ja": _JAPANESE}
"""The letters of the languages of the lists that are not written in Latin ones."""

_LATIN = re.compile("[a-z]")
_CAPITALS = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")

_CLAUSE = re.compile("[.,;:!?](?!\\d)|[\u3001\u3002\u060c\u061b\u061f]")

_HARMLESS = "harmless"
_COUNTABLE = ("measure", "currency")
_LONGEST_COUNTS = frozenset({"material", "offer", *_COUNTABLE})
"""Kinds of which only the longest phrase counts: faux leather is no leather."""

_OWN_KINDS = frozenset({"material", "superlative", "shopper"})
"""Kinds that are not looked for in another language: their words are too many and too common."""

_MEANING_IS_ENOUGH = frozenset({"alike", "each"})
_BARE = frozenset({"count"})
_BETWEEN = frozenset(("x", "by", "to", "or", "and", "bis", "und", "à", "et", "y", "e", "en", "do"))
_BEFORE_UNIT = frozenset(("a", "an", "of", "de", "d", "di", "da"))
_LONGEST_NUMBER = 6
_FIGURES_OF_SPEECH = (1000, 1001)
_SMALL_NUMBERS = 20
_SMALL, _ENDING = 3, 3
_NOWHERE = (-1, -1)


class Quantity(NamedTuple):
    """A number and what it counts: a measure, or the currencies it may be an amount in."""

    value: Decimal
    of: frozenset[str] = _BARE


class Statement(NamedTuple):
    """Something that a text states, and the words it does it with.

    `key` is what it means, and `captured` are words of it that must be the catalog's. A number has
    `readings` instead: the quantities that it may be.
    """

    kind: str
    text: str
    key: str = ""
    captured: tuple[str, ...] = ()
    readings: tuple[Quantity, ...] = ()


class Facts(NamedTuple):
    """What a text of the catalog states, in the terms in which copy is looked at.

    `listed` are its words, each after a space.
    """

    keys: frozenset[str]
    words: frozenset[str]
    listed: str
    unspaced: str
    clauses: frozenset[str]
    numbers: frozenset[Decimal]
    quantities: tuple[Quantity, ...]

    def bear_out(self, statement: Statement) -> bool:
        """Say whether this text states the same."""
        if not statement.readings:
            stated = not statement.key or statement.key in self.keys
            return stated and all(map(self.has, statement.captured))
        return any(
            value in self.numbers
            if of == _BARE
            else any(value == own and of & kinds for own, kinds in self.quantities)
            for value, of in statement.readings
        )

    def has(self, word: str) -> bool:
        """Say whether a word stands here, perhaps with another ending."""
        if _JAPANESE.search(word):
            return word in self.unspaced
        for form in forms(word):
            stem, longest = form[: max(_SMALL + 1, len(form) - _ENDING)], len(form) + _ENDING
            if form in self.words or (
                f" {stem}" in self.listed
                and any(own.startswith(stem) and len(own) <= longest for own in self.words)
            ):
                return True
        return False


class Reader:
    """Reads texts of a shop whose language and currency are these."""

    def __init__(self, lexicons: Lexicons, language: str, currency: str) -> None:
        self._lexicons = lexicons
        self._language = language
        self._currency = currency.lower()

    def facts(self, text: str) -> Facts:
        """Return what a text of the catalog states."""
        folded = fold(text)
        tokens = words(folded)
        known = {*tokens, *words(joined(folded))}
        spelled = frozenset(form for word in known for form in forms(word))
        statements = list(self._read(text, of_facts=True))
        return Facts(
            frozenset(statement.key for statement in statements),
            spelled,
            "".join(f" {word}" for word in spelled),
            "".join(tokens),
            frozenset(clauses_of(text)),
            frozenset(self._all_numbers(tokens)),
            tuple(reading for statement in statements for reading in statement.readings),
        )

    def statements(self, text: str) -> Iterator[Statement]:
        """Return what a piece of copy states that only the catalog may."""
        return self._read(text)

    def _read(self, text: str, *, of_facts: bool = False) -> Iterator[Statement]:
        folded = fold(text)
        tokens = words(folded)
        hits = self._hits(tokens, of_facts=of_facts)
        phrases = list(_phrases(hits))
        yield from map(_statement, phrases)
        yield from self._numbers(text, tokens, hits)
        together = joined(folded)
        if together != folded:  # signs inside a word may be there to hide it
            meant = {hit.line.key for hit in phrases}
            for hit in _phrases(self._hits(words(together), of_facts=of_facts)):
                known = {word for part in hit.words for word in part}.issubset(tokens)
                if of_facts or not (known or hit.line.key in meant):
                    yield _statement(hit)

    def _hits(self, tokens: Sequence[str], *, of_facts: bool) -> list[Hit]:
        """Return the phrases of all lists that count here."""
        languages = self._languages(tokens)
        spoken = self._spoken(tokens, languages)
        found = [
            hit
            for hit in self._lexicons.find(tokens, languages, spoken)
            if hit.line.language in spoken or _counts_abroad(hit)
            if of_facts or "facts" not in hit.line.section.options
        ]
        return self._outermost(found, of_facts=of_facts)

    def _languages(self, tokens: Sequence[str]) -> tuple[str, ...]:
        """Return the languages whose words these may be, by their letters."""
        letters = "".join(tokens)
        latin = bool(_LATIN.search(letters))
        return tuple(
            language
            for language in self._lexicons
            if language == UNIVERSAL
            or (SCRIPTS[language].search(letters) if language in SCRIPTS else latin)
        )

    def _spoken(self, tokens: Sequence[str], languages: tuple[str, ...]) -> frozenset[str]:
        """Return the shop's language, and the one that these words are rather in."""
        common = (self._lexicons.common_in(word, languages) for word in tokens)
        score = Counter(chain.from_iterable(common))
        likeliest = max(score, key=score.__getitem__, default=UNIVERSAL)
        rather = score[likeliest] > score[self._language]
        return frozenset((self._language, UNIVERSAL, *([likeliest] if rather else [])))

    def _outermost(self, found: Iterable[Hit], *, of_facts: bool) -> list[Hit]:
        """Leave out what lies within a longer phrase of its kind, in copy within a harmless one.

        In the catalog's text a harmless one hides only what would bear out any of its meaning.
        Sorted by where they begin, a phrase lies within another if that reaches as far.
        """
        kept = []
        reach: dict[str, tuple[int, int]] = {}
        for hit in sorted(found, key=_by_place):
            kind, place = hit.line.kind, (hit.start, hit.end)
            hidden = (not of_facts or "alike" in hit.line.section.options) and any(
                hit.end <= reach.get(f"{_HARMLESS} {own}", _NOWHERE)[1]
                for own in (hit.line.language, self._language)
            )
            if kind == _HARMLESS:
                kind = f"{_HARMLESS} {hit.line.language}"
            elif not hidden and (
                kind not in _LONGEST_COUNTS
                or hit.end > reach.get(kind, _NOWHERE)[1]
                or place == reach[kind]
            ):
                kept.append(hit)
            if hit.end > reach.get(kind, _NOWHERE)[1]:
                reach[kind] = place
        return kept

    def _numbers(
        self, text: str, tokens: Sequence[str], hits: Iterable[Hit]
    ) -> Iterator[Statement]:
        """Yield every number in digits, every number of something, and every sign of money."""
        found: defaultdict[tuple[int, int], dict[Quantity, Hit]] = defaultdict(dict)
        capitals = {code.lower() for code in _CAPITALS.findall(text)}
        for hit in hits:
            if hit.line.kind not in _COUNTABLE:
                continue
            kind, *what = hit.line.section.name.split()
            what = what or list(hit.words[0])
            if not self._is_meant(hit, what, capitals):
                continue
            of, factor = frozenset(what), Decimal(1)
            if kind == "measure":
                of, factor = frozenset(what[:1]), Decimal(what[1])
            for start, end, value in self._counted(hit, tokens):
                found[start, end][Quantity(value * factor, of)] = hit
        covered: set[int] = set()
        for (start, end), readings in found.items():
            first = min(start, *(hit.start for hit in readings.values()))
            last = max(end, *(hit.end for hit in readings.values()))
            covered.update(range(first, last))
            kinds = {hit.line.kind for hit in readings.values()}
            kind = "amount" if "currency" in kinds else "number"
            yield Statement(kind, " ".join(tokens[first:last]), readings=tuple(readings))
        yield from self._bare_numbers(tokens, covered)

    def _bare_numbers(self, tokens: Sequence[str], covered: set[int]) -> Iterator[Statement]:
        """Yield the numbers and signs of money that no unit or currency covers."""
        for at, word in enumerate(tokens):
            if at in covered:
                continue
            if large := self._large_number(tokens, at):
                covered.update(range(at, at + large.width))
                text = " ".join(tokens[at : at + large.width])
                yield Statement("number", text, readings=(Quantity(large.value),))
            elif word[0].isdecimal():
                yield Statement("number", word, readings=(Quantity(digits_value(word)),))
            elif is_money(word):
                yield Statement("amount", word, captured=(word,))

    def _is_meant(self, hit: Hit, currencies: Sequence[str], capitals: Container[str]) -> bool:
        """Say whether a word means a currency here: the shop's own always, a code in capitals."""
        options = hit.line.section.options
        return self._currency in currencies or (
            "unclear" not in options and ("code" not in options or currencies[0] in capitals)
        )

    def _counted(self, hit: Hit, tokens: Sequence[str]) -> Iterator[tuple[int, int, Decimal]]:
        """Yield the numbers of a unit or currency: in it, before it, else after a currency."""
        if hit.value is not None:
            yield hit.start, hit.end, hit.value
            return
        money = hit.line.kind == "currency"
        at = hit.start
        while at > 0 and tokens[at - 1] in _BEFORE_UNIT:
            at -= 1
        for numbers in self._number_words(hit.line.language, tokens):
            before = list(_numbers_before(at, tokens, numbers))
            yield from before
            if before or not money:
                continue
            if hit.start and tokens[hit.start - 1] in numbers.articles:
                yield hit.start - 1, hit.start, Decimal(1)
            elif hit.end < len(tokens) and (number := numbers.read(tokens, hit.end)):
                yield hit.end, hit.end + number.width, number.value

    def _number_words(self, language: str, tokens: Sequence[str]) -> list[NumberWords]:
        """Return the number words that may stand beside a word of a list."""
        languages = self._languages(tokens) if language == UNIVERSAL else (language,)
        return [self._lexicons[name].numbers for name in languages]

    def _large_number(self, tokens: Sequence[str], at: int) -> Number | None:
        """Return a number in words that nobody says by the way: large, or as a price is said."""
        if tokens[at][0].isdecimal() or self._language not in self._lexicons:
            return None
        number = self._lexicons[self._language].numbers.read(tokens, at)
        if number is None or (number.width == 1 and len(tokens[at]) == 1):
            return None  # a character that is a number alone is mostly a part of another word
        whole = number.value < _SMALL or number.value % 1 == 0
        spoken = (number.value <= _SMALL_NUMBERS and whole) or number.value in _FIGURES_OF_SPEECH
        return None if spoken else number

    def _all_numbers(self, tokens: Sequence[str]) -> Iterator[Decimal]:
        """Yield the numbers of a catalog's text, in digits and in the words of its language."""
        own = {self._language, "en"} & self._lexicons.keys()
        known = [self._lexicons[language].numbers for language in own]
        for at, word in enumerate(tokens):
            if word[0].isdecimal():
                yield digits_value(word)
            yield from (number.value for words in known if (number := words.read(tokens, at)))


def clauses_of(text: str) -> Iterator[str]:
    """Yield the words of each clause of a text, run together."""
    for clause in _CLAUSE.split(fold(text)):
        if tokens := words(clause):
            yield "".join(tokens)


def _by_place(hit: Hit) -> tuple[int, int, bool]:
    """Sort by beginning, the longest first, what is harmless before what is as long."""
    return hit.start, -hit.end, hit.line.kind != _HARMLESS


def _counts_abroad(hit: Hit) -> bool:
    """Say whether a phrase counts in a text of another language than its own."""
    return "own" not in hit.line.section.options and hit.line.kind not in _OWN_KINDS


def _phrases(hits: Iterable[Hit]) -> Iterator[Hit]:
    """Return the phrases that mean something by themselves, without a number."""
    return (hit for hit in hits if hit.line.kind not in _COUNTABLE)


def _statement(hit: Hit) -> Statement:
    options = hit.line.section.options
    key = "" if "same" in options else hit.line.key
    captured = hit.captured or (() if options & _MEANING_IS_ENOUGH else _telling(hit.words))
    text = " ".join(word for part in hit.words for word in part)
    return Statement(hit.line.kind, text, key, captured)


def _telling(parts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the words of a phrase that say something, run together where words are not spaced."""
    words_to_match: list[str] = []
    for part in parts:
        if _JAPANESE.search(part[0]):
            words_to_match.append("".join(part))
        else:
            words_to_match += [word for word in part if len(word) > _SMALL] or part
    return tuple(words_to_match)


def _numbers_before(
    at: int, tokens: Sequence[str], numbers: NumberWords
) -> Iterator[tuple[int, int, Decimal]]:
    """Yield the number that ends here, and those of which it is the last: 12 x 30 cm, 5 to 7 cm."""
    begins = range(max(0, at - _LONGEST_NUMBER), at)
    read = ((start, numbers.read(tokens[:at], start)) for start in begins)
    start, number = next(
        ((start, number) for start, number in read if number and start + number.width == at),
        (at, None),
    )
    if number is None:
        return
    yield start, at, number.value
    while start > 0:
        start -= 2 if tokens[start - 1] in _BETWEEN else 1
        if start < 0 or not tokens[start][0].isdecimal():
            return
        yield start, start + 1, digits_value(tokens[start])
