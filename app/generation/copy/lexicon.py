"""Finds the phrases of the word lists of several languages in a text.

`[offer half price]` opens a section of a list: its first word is the kind of finding, the whole is
what the phrases below it mean alike. What is found in copy is stated where the catalog's text has
something of the same meaning and the same words, perhaps with other endings. Options follow a
semicolon:

    alike   the meaning is enough
    same    the words are enough
    each    the meaning is enough, and every line has one of its own
    own     counts only where copy is in this language
    facts   is looked for in the catalog's text only

`[common]` holds words by which the language is known, `[numbers]` its number words (with
`compounds` where they are written as one), and phrases under `[harmless]` hide what is found within
them. A line after two strokes is a remark.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

from app.generation.copy.numbers import ListError, NumberWords
from app.generation.copy.phrases import LONGEST_STEM, Phrase, check, hints_of, openings
from app.generation.copy.text import fold, forms

_SHORTEST_STEM = 2
_SHORTEST_ABROAD = 6
"""Letters that a word must have to mean something in a text of another language by itself."""


class Section(NamedTuple):
    """What a group of phrases means, and where it counts."""

    name: str
    options: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        return self.name.split(" ", 1)[0]


class Line:
    """A line of a list. `key` is what it means: its section, or itself."""

    def __init__(self, language: str, section: Section, written: str, numbers: NumberWords) -> None:
        self.language = language
        self.section = section
        self.kind = section.kind
        self.key = f"{section.name}: {written}" if "each" in section.options else section.name
        self.written = written
        self._numbers = numbers

    @cached_property
    def phrase(self) -> Phrase | None:
        """The phrase that is written there, None where it cannot be read."""
        try:
            return Phrase(self.written, self._numbers)
        except ListError:  # said by `unreadable`
            return None


class Hit(NamedTuple):
    """A phrase found in a text, from which of its words to which.

    `words` are those of all its parts, which may stand apart.
    """

    line: Line
    start: int
    end: int
    words: list[tuple[str, ...]]
    captured: tuple[str, ...] = ()
    value: Decimal | None = None


_Lines = defaultdict[str, list[Line]]


class Opened:
    """Lines by what they may begin with: a word, its beginning, its end, or what is inside it."""

    def __init__(self) -> None:
        self.exact, self.starts, self.ends, self.inside = (_Lines(list) for _ in range(4))

    def update(self, other: Opened) -> None:
        """Add the lines of another."""
        for ours, theirs in (
            (self.exact, other.exact),
            (self.starts, other.starts),
            (self.ends, other.ends),
            (self.inside, other.inside),
        ):
            for begin, lines in theirs.items():
                ours[begin] += lines


class Lexicon:
    """One list: its lines by the words they may begin with, its number words, its common words."""

    def __init__(self, language: str, text: str) -> None:
        self.opened = Opened()
        self._by_number: list[Line] = []
        self.common: set[str] = set()
        sections: dict[Section, list[str]] = defaultdict(list)
        for _, section, written in _lines(text):
            if section.kind != "numbers" or not _fault(section, written):
                sections[section].append(written)
        numbers = next((own for own in sections if own.kind == "numbers"), Section("numbers"))
        compounds = "compounds" in numbers.options
        self.numbers = NumberWords(sections.pop(numbers, ()), compounds=compounds)
        for written in sections.pop(Section("common"), ()):
            self.common.update(written.split())
        self.lines = [
            Line(language, section, written, self.numbers)
            for section, lines in sections.items()
            for written in lines
        ]
        for line in self.lines:
            with suppress(ListError):  # said by `unreadable`
                self._index(line)

    def _index(self, line: Line) -> None:
        """Put a line where its first word finds it."""
        for piece in openings(line.written):
            bare = piece.strip("*+#")
            if not bare:
                self._by_number.append(line)
            elif piece[0] == "#" or (piece[0] in "*+" and piece[-1] in "*+"):
                self.opened.inside[bare].append(line)
            elif piece[-1] in "*+":
                self.opened.starts[bare].append(line)
            else:
                (self.opened.ends if piece[0] in "*+" else self.opened.exact)[bare].append(line)

    def opened_by_number(self, word: str) -> Sequence[Line]:
        """Return the lines that begin with a number, if the word is one."""
        lines = self._by_number
        if lines and (word[0].isdecimal() or self.numbers.value_of(word) is not None):
            return lines
        return ()


class _Together:
    """Several lists, among whose lines a word is looked up once."""

    def __init__(self, lexicons: Mapping[str, Lexicon]) -> None:
        self._lexicons = lexicons.values()
        self._place = {language: place for place, language in enumerate(lexicons)}
        self._opened = Opened()
        for lexicon in self._lexicons:
            self._opened.update(lexicon.opened)

    def opened_by(self, word: str) -> list[tuple[Line, bool]]:
        """Return the lines that may begin with a word, list by list, each with whether abroad.

        In a text of another language only whole words and long beginnings count.
        """
        found: dict[Line, bool] = {}
        opened = self._opened

        def add(lines: Iterable[Line], *, abroad: bool) -> None:
            for line in lines:
                found[line] = found.get(line, False) or abroad

        for lexicon in self._lexicons:
            add(lexicon.opened_by_number(word), abroad=True)
        for form in forms(word):
            add(opened.exact.get(form, ()), abroad=True)
            for size in range(_SHORTEST_STEM, min(len(form), LONGEST_STEM) + 1):
                if lines := opened.starts.get(form[:size]):
                    add(lines, abroad=size >= _SHORTEST_ABROAD)
                if lines := opened.ends.get(form[-size:]):
                    add(lines, abroad=False)
            for stem, lines in opened.inside.items():
                if stem in form:
                    add(lines, abroad=False)
        return sorted(found.items(), key=lambda it: self._place[it[0].language])


class Lexicons(Mapping[str, Lexicon]):
    """The word lists by language, each read when it is first looked into."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._read: dict[str, Lexicon] = {}
        self._together = lru_cache(4)(self._read_together)
        self._opened_by = lru_cache(4096)(self._lines_that_open)
        self.common_in = lru_cache(4096)(self._languages_that_use)

    def __getitem__(self, language: str) -> Lexicon:
        if language not in self._read:
            self._read[language] = lexicon_of(language, self._texts[language])
        return self._read[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)

    def find(
        self, text: Sequence[str], languages: tuple[str, ...], spoken: frozenset[str]
    ) -> Iterator[Hit]:
        """Yield the phrases of these languages that stand in a text, wherever they begin.

        `spoken` are those that the text may be in. In a text of another one a single short word
        means nothing.
        """
        hints = list(map(hints_of, text))
        anywhere = frozenset().union(*hints)
        after = [*hints[1:], frozenset[str]()]
        for at, word in enumerate(text):
            for line, phrase, at_home_only, follows in self._opened_by(word, languages):
                abroad = line.language not in spoken
                if (
                    (abroad and at_home_only)
                    or (follows is not None and after[at].isdisjoint(follows))
                    or (phrase.needs and any(map(anywhere.isdisjoint, phrase.needs)))
                ):
                    continue
                found = phrase.find(text, at)
                if found is None:
                    continue
                match, parts = found
                tells = match.end - at > 1 or len(parts) > 1 or len(word) >= _SHORTEST_ABROAD
                if tells or not abroad:
                    yield Hit(line, at, match.end, parts, match.captured, match.value)

    def _lines_that_open(
        self, word: str, languages: tuple[str, ...]
    ) -> tuple[tuple[Line, Phrase, bool, frozenset[str] | None], ...]:
        """Return the lines that a word may begin, each with where it does and what must follow.

        That is whether only in a text of its own language, and the hints of the next word.
        """
        return tuple(
            (line, line.phrase, not abroad, line.phrase.follows(word))
            for line, abroad in self._together(languages).opened_by(word)
            if line.phrase
        )

    def _read_together(self, languages: tuple[str, ...]) -> _Together:
        return _Together({language: self[language] for language in languages})

    def _languages_that_use(self, word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Return the languages in which a word is common."""
        return tuple(language for language in languages if word in self[language].common)


lexicon_of = lru_cache(64)(Lexicon)
"""The list of a text, made once however often a site is built."""


@lru_cache(64)
def unreadable(text: str) -> tuple[tuple[int, str], ...]:
    """Return the lines of a list that are passed over, by number, each with the reason."""
    faults = ((at, _fault(section, line)) for at, section, line in _lines(text))
    return tuple((at, fault) for at, fault in faults if fault)


def _fault(section: Section, written: str) -> str:
    """Say why a line cannot be read, and nothing where it can."""
    try:
        if section.kind == "numbers":
            NumberWords([written])
        elif section.kind != "common":
            list(openings(written))
            check(written)
    except ListError as error:
        return str(error)
    return ""


def _lines(text: str) -> Iterator[tuple[int, Section, str]]:
    """Yield the lines of a list, folded, each with its number and section."""
    section = Section("")
    for number, written in enumerate(text.splitlines(), start=1):
        line = fold(written).strip()
        if line.startswith("["):
            name, _, options = line.strip("[]").partition(";")
            section = Section(name.strip(), frozenset(options.split()))
        elif line and not line.startswith("//"):
            yield number, section, line
