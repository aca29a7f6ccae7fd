"""Reads one line of a word list as a phrase, and finds how it stands in a text.

A line is plain text that a merchant can read and extend, matched with case and accents folded:

    word      the word itself
    word*     with any ending; *word with any beginning; *word* anywhere, as in German compounds
    word+     like word*, but the whole word must stand in the facts; + alone is any word
    (a|b_c)*  any of these; _ is a space
    word?     may be missing
    #         a number, in digits or words; #word is a number and a word written together or apart
    ...       up to three words of any kind
    a & b     both phrases, in any order, at most eight words apart
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from app.generation.copy.numbers import ListError, NumberWords
from app.generation.copy.text import forms, words

LONGEST_STEM = 40
_LONGEST_GAP = 3
_APART = 8
_GAP = "..."
_OPEN = ("*", "+")
_ITEM = re.compile(r"([*+#]?)(\([^()]+\)|[^()]*?)([*+]?)(\??)")
_WORD = re.compile(r"([*+#]?)([^*+#()|?]*)([*+]?)")


class Step(NamedTuple):
    """One place in a phrase and what may stand there."""

    exact: frozenset[str] = frozenset()
    starts: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    glued: tuple[str, ...] = ()
    number: bool = False
    gap: bool = False
    anything: bool = False
    captured: bool = False

    @property
    def counts(self) -> bool:
        """Whether a number, or other than one word, may stand here."""
        return self.number or self.gap or bool(self.glued)

    def fits(self, word: str) -> bool:
        """Say whether a word may stand here."""
        if self.anything:
            return True
        for form in forms(word):
            if form in self.exact or form.startswith(self.starts) or form.endswith(self.ends):
                return True
            for part in self.inside:
                if part in form:
                    return True
        return False

    def taken(
        self, text: Sequence[str], at: int, numbers: NumberWords
    ) -> tuple[int, Decimal | None]:
        """Return how many words stand here, none where it does not fit, and their number."""
        if self.number and (number := numbers.read(text, at)):
            return number
        if self.fits(text[at]):
            return 1, None
        for stem in self.glued:
            before, found, _ = text[at].partition(stem)
            value = numbers.value_of(before) if found and before else None
            if value is not None:
                return 1, value
        return 0, None

    @property
    def hints(self) -> frozenset[str] | None:
        """What a text must have one of for this to stand in it, None where that is unknown."""
        if self.counts or self.inside or self.anything:
            return None
        return self.exact.union((f"{s}*" for s in self.starts), (f"*{s}" for s in self.ends))


@lru_cache(8192)
def hints_of(word: str) -> frozenset[str]:
    """Return the hints that a word is."""
    found = set(forms(word))
    for form in forms(word):
        sizes = range(1, min(len(form), LONGEST_STEM) + 1)
        found.update(f"{form[:size]}*" for size in sizes)
        found.update(f"*{form[-size:]}" for size in sizes)
    return frozenset(found)


class Item(NamedTuple):
    """One item of a line: single words, or sequences of words by the one they begin with."""

    single: Step | None
    sequences: Mapping[str, list[tuple[Step, ...]]]
    others: list[tuple[Step, ...]]
    optional: bool

    def choices(self, word: str) -> Iterator[tuple[Step, ...]]:
        """Yield the steps that may begin with a word."""
        if self.single:
            yield (self.single,)
        if word and self.sequences:
            for form in forms(word):
                yield from self.sequences.get(form, ())
        yield from self.others

    def hints(self) -> frozenset[str] | None:
        """Return what a text must have one of for this item to stand in it, None where unknown."""
        first = [steps[0].hints for steps in self.others]
        if self.single:
            first.append(self.single.hints)
        known = [hints for hints in first if hints is not None]
        if self.optional or len(known) < len(first):
            return None
        return frozenset(self.sequences).union(*known)


class Match(NamedTuple):
    """How a phrase stands in a text: where it ends, its words, which of them count, its number.

    What lies in a gap is no word of it.
    """

    end: int
    words: tuple[str, ...] = ()
    captured: tuple[str, ...] = ()
    value: Decimal | None = None


class Phrase:
    """A line of a list, compiled when it may first stand in a text.

    Raises:
        ListError: it cannot be read.
    """

    def __init__(self, written: str, numbers: NumberWords) -> None:
        self._numbers = numbers
        self._parts = [tuple(map(_item, part.split())) for part in written.split(" & ")]
        needed = [item.hints() for part in self._parts for item in part][1:]
        self.needs = [hints for hints in needed if hints is not None]

    def follows(self, word: str) -> frozenset[str] | None:
        """Return the hints of what must come after its first word, None where that is unknown."""
        first, *rest = self._parts[0]
        begun = [steps for form in forms(word) for steps in first.sequences.get(form, ())]
        begun += (steps for steps in first.others if steps[0].counts or steps[0].fits(word))
        after = [None if steps[0].counts else steps[1].hints for steps in begun]
        single = first.single
        if single and (single.counts or single.fits(word)):
            after.append(rest[0].hints() if rest and not single.counts else None)
        if first.optional or None in after:
            return None
        return frozenset().union(*(hints for hints in after if hints is not None))

    def find(self, text: Sequence[str], at: int) -> tuple[Match, list[tuple[str, ...]]] | None:
        """Return how it stands in a text from here on, with the words of each of its parts."""
        match = self._match(self._parts[0], text, at)
        if match is None or match.end == at:
            return None
        found = [match.words]
        near = (
            *range(match.end, min(len(text), match.end + _APART)),
            *range(max(0, at - _APART), at),
        )
        for part in self._parts[1:]:
            beside = next(filter(None, (self._match(part, text, place) for place in near)), None)
            if beside is None:
                return None
            found.append(beside.words)
        return match, found

    def _match(self, items: Sequence[Item], text: Sequence[str], at: int) -> Match | None:
        """Return how a phrase that has these items left goes on here, if it does."""
        if not items:
            return Match(at)
        item, rest = items[0], items[1:]
        for steps in item.choices(text[at] if at < len(text) else ""):
            for begun in self._follow(steps, text, at):
                match = self._match(rest, text, begun.end)
                if match is not None:
                    value = begun.value if match.value is None else match.value
                    return Match(
                        match.end,
                        begun.words + match.words,
                        begun.captured + match.captured,
                        value,
                    )
        return self._match(rest, text, at) if item.optional else None

    def _follow(self, steps: Sequence[Step], text: Sequence[str], at: int) -> Iterator[Match]:
        """Yield the ways in which a sequence of steps stands here; only a gap has several."""
        if steps[0].gap:
            yield from (Match(at + width) for width in range(_LONGEST_GAP + 1))
            return
        begin = at
        captured: tuple[str, ...] = ()
        value = None
        for step in steps:
            if at >= len(text):
                return
            width, number = step.taken(text, at, self._numbers)
            if not width:
                return
            if step.captured:
                captured += (text[at],)
            value = number if value is None else value
            at += width
        yield Match(at, tuple(text[begin:at]), captured, value)


def openings(written: str) -> Iterator[str]:
    """Yield the words that a line may begin with, each with the signs that stand with it."""
    for item in written.split():
        before, names, after, optional = _parts(item)
        for name in names:
            yield _pieces(f"{before}{name}{after}".split("_", 1)[0])[0]
        if not optional:
            break


def _parts(item: str) -> tuple[str, list[str], str, bool]:
    """Split an item into the sign before it, its alternatives, the sign after it, and `?`."""
    found = _ITEM.fullmatch(item)
    if found is None:
        raise ListError(f"cannot read {item!r} in a list of words")
    before, group, after, optional = found.groups()
    return before, group.strip("()").split("|"), after, bool(optional)


def check(written: str) -> None:
    """Look whether a line can be read, for a quarter of what it costs to compile it.

    Raises:
        ListError: it cannot.
    """
    for item in written.replace(" & ", " ").split():
        _spelled(item)


def _spelled(item: str) -> tuple[list[str], list[list[str]], bool]:
    """Return an item's alternatives, those that are no gap cut into words, and whether optional."""
    before, names, after, optional = _parts(item)
    return names, [_pieces(f"{before}{name}{after}") for name in names if name != _GAP], optional


def _item(item: str) -> Item:
    names, spelled, optional = _spelled(item)
    single = [pieces[0] for pieces in spelled if len(pieces) == 1]
    sequences: dict[str, list[tuple[Step, ...]]] = {}
    others: list[tuple[Step, ...]] = [(Step(gap=True),)] if _GAP in names else []
    for pieces in spelled:
        if len(pieces) > 1:
            steps = tuple(map(_step_of, pieces))
            exact = next(iter(steps[0].exact), None)
            (sequences.setdefault(exact, []) if exact else others).append(steps)
    return Item(_step(single) if single else None, sequences, others, optional)


def _pieces(spelled: str) -> list[str]:
    """Cut an alternative into words; the signs around one stay with it."""
    if spelled.isascii() and spelled.isalnum():
        return [spelled]
    pieces: list[str] = []
    for part in spelled.split("_"):
        found = _WORD.fullmatch(part)
        cut = words(found[2]) if found else []
        if found is None or not (cut or found[1]):
            raise ListError(f"cannot read {spelled!r} in a list of words")
        cut = cut or [""]
        cut[0] = found[1] + cut[0]
        cut[-1] += found[3]
        pieces += cut
    return pieces


@lru_cache(16384)
def _step_of(piece: str) -> Step:
    """Return the place in a phrase of one piece, which many phrases share."""
    return _step([piece])


def _step(pieces: Sequence[str]) -> Step:
    """Return the place in a phrase where any of these pieces may stand."""
    bare = {piece: piece.strip("*+#") for piece in pieces}
    open_end = [piece for piece in pieces if piece[-1] in _OPEN]
    open_start = [piece for piece in pieces if piece[0] in _OPEN]
    both = [piece for piece in open_start if piece in open_end]
    return Step(
        exact=frozenset(
            bare[p] for p in pieces if p not in open_end and p not in open_start and bare[p]
        ),
        starts=tuple(bare[p] for p in open_end if p not in both),
        ends=tuple(bare[p] for p in open_start if p not in both),
        inside=tuple(bare[p] for p in both if bare[p]),
        glued=tuple(bare[p] for p in pieces if p[0] == "#" and bare[p]),
        number="#" in pieces,
        anything="+" in pieces or "*" in pieces,
        captured=any("+" in p for p in pieces),
    )
