"""Reads numbers, in digits of any writing and in a language's words, as values that compare."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple

from app.generation.copy.text import forms

_GROUPED = re.compile(r"([1-9]\d{0,2}(?:[ .,']\d{3})+)(?:[.,](\d+))?")
_SEPARATORS = str.maketrans("", "", " .,'")
_LONGEST_RUN = 6
_LONGEST_COMPOUND = 40
_THOUSAND = 1000
_FOUR, _TEN, _SCORE = Decimal(4), Decimal(10), Decimal(20)
_OVER = "\u2044"


class Number(NamedTuple):
    """A number in a list of words: how many of them it takes, and what it is worth."""

    width: int
    value: Decimal


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ListError(f"{text!r} is no number") from None


def digits_value(token: str) -> Decimal:
    """Return what a token of digits is worth; a comma or point before three digits groups them."""
    grouped = _GROUPED.fullmatch(token)
    if grouped:
        return Decimal(f"{grouped[1].translate(_SEPARATORS)}.{grouped[2] or 0}")
    over, _, under = token.partition(_OVER)
    value = Decimal(over.replace(",", "."))
    return value / Decimal(under) if under.strip("0") else value


class ListError(ValueError):
    """A line of a list of words cannot be read; the message repeats what of it."""


class NumberWords:
    """The number words of one language, read from the lines of its list.

    A line is a value and its words: `20 twenty`, `x100 hundred` where it multiplies what is before
    it, `and and` for a joiner, `one ein eine` for what is an article as well.

    Raises:
        ListError: a line begins with no value.
    """

    def __init__(self, lines: Iterable[str], *, compounds: bool = False) -> None:
        self._values: dict[str, Decimal] = {}
        self._factors: dict[str, Decimal] = {}
        self._joiners: set[str] = set()
        self.articles: set[str] = set()
        for line in lines:
            value, *names = line.split()
            for name in names:
                self._add(value, name)
        known = {*self._values, *self._factors, *self._joiners, *self.articles}
        longest_first = sorted(known, key=lambda name: (-len(name), name))
        self._piece = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")
        self._compound = re.compile(f"(?:{self._piece.pattern})+") if compounds else None
        self.value_of = lru_cache(2048)(self._value_of)

    def _add(self, value: str, name: str) -> None:
        if value == "and":
            self._joiners.add(name)
        elif value == "one":
            self.articles.add(name)
        elif value.startswith("x"):
            self._factors[name] = _number(value[1:])
        else:
            self._values[name] = _number(value)

    def _value_of(self, word: str) -> Decimal | None:
        """Return the value of a word that is a number as a whole; an article is none."""
        for form in forms(word):
            if form in self._values:
                return self._values[form]
            if form in self._factors:
                return self._factors[form]
        if self._compound and len(word) <= _LONGEST_COMPOUND and self._compound.fullmatch(word):
            pieces = self._piece.findall(word)
            return self._total(pieces) if len(pieces) > 1 else None
        return None

    def read(self, words: Sequence[str], at: int) -> Number | None:
        """Return the number that begins at a place in a text's words."""
        run: list[str] = []
        for word in words[at : at + _LONGEST_RUN]:
            if run and run[0][0].isdecimal():
                fits = word in self._factors
            elif word[0].isdecimal():
                fits = not run
            else:
                fits = self.value_of(word) is not None or (bool(run) and word in self._joiners)
            if not fits:
                break
            run.append(word)
        while run and run[-1] in self._joiners:
            run.pop()
        if not run:
            return None
        cents = next((at for at in range(1, len(run)) if self._are_cents(run, at)), len(run))
        return Number(len(run), self._total(run[:cents]) + self._total(run[cents:]) / 100)

    def _are_cents(self, run: Sequence[str], at: int) -> bool:
        """Say whether a number begins here that does not continue the last: four fifty."""
        before = run[at - 1 - (run[at - 1] in self._joiners)]
        if {before, run[at]} & {*self._factors, *self._joiners} or not run[at].isascii():
            return False
        whole, value = self._worth(before), self._worth(run[at])
        joined = (whole, value) == (_FOUR, _SCORE) or value < _SCORE <= whole  # quatre-vingt-dix
        return value >= _TEN and whole >= 1 and not joined

    def _total(self, run: Iterable[str]) -> Decimal:
        """Add up the words of a number: thousands, what is below them, and the word read last."""
        total = below = last = Decimal(0)
        for word in run:
            factor = self._factors.get(word)
            if factor is not None and factor >= _THOUSAND:
                total, below, last = total + (below + last or 1) * factor, Decimal(0), Decimal(0)
            elif factor is not None:
                below, last = below + (last or 1) * factor, Decimal(0)
            elif word not in self._joiners:
                value = self._worth(word)
                if (last, value) == (_FOUR, _SCORE):  # quatre-vingt
                    value, last = last * value, Decimal(0)
                below, last = below + last, value
        return total + below + last

    def _worth(self, word: str) -> Decimal:
        if word[0].isdecimal():
            return digits_value(word)
        return Decimal(1) if word in self.articles else self.value_of(word) or Decimal(0)
