"""Reads CSV and TSV tables as spreadsheets write them: cells by column, each row with its line."""

from __future__ import annotations

import csv
import re
from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from app.catalog.feed_text import LARGEST_FILE, FeedText
from app.catalog.images import remote
from app.catalog.problems import WHOLE_FILE, InvalidProduct, Report, attempt
from app.catalog.text import LONGEST_LINE, shorten
from app.domain.catalog import Picture

T = TypeVar("T")

csv.field_size_limit(LARGEST_FILE)  # a cell may be as large as its file

_DELIMITERS = ",;\t|"
_ERRORS = {"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#NV", "#BEZUG!"}
"""What spreadsheets write where a formula fails: nothing that anybody meant."""

_HINT = re.compile(r"\s*\"?sep=(.)", re.IGNORECASE)
"""A first line by which a spreadsheet tells the next one what stands between the cells."""


APART = "\0"
"""What stands between the cells of several columns that are one of ours: no text has it."""

_MOST_AGAIN = 16
"""How often, all in all, as much as the whole text may be read again."""


class Layout:
    """The columns of a kind of table: our name of each, and the names it has in files.

    They are compared by their letters and digits alone. `required` are those that products cannot
    do without, by their names in messages. `several` has how the names of columns begin that are
    one of ours together.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[str]],
        required: Mapping[str, str],
        several: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.required = required
        self.several = several
        self._letters = {ours: [*map(_letters, either)] for ours, either in columns.items()}
        self._ours = {name: ours for ours, names in self._letters.items() for name in names}

    def known(self, name: str) -> str:
        """Return our name of a column, empty where it is none of ours."""
        return self._ours.get(_letters(name), "")

    def places(self, header: Sequence[str]) -> dict[str, int]:
        """Return where our columns stand in a header."""
        names = [*map(_letters, header)]
        return {
            ours: names.index(theirs)
            for ours, either in self._letters.items()
            for theirs in reversed(either)
            if theirs in names
        }

    def fits(self, beginning: str) -> bool:
        """Say whether a table has the columns that are required."""
        header = self._split(_header(beginning), self.delimiter(beginning))
        return self.required.keys() <= header.keys()

    def delimiter(self, beginning: str) -> str:
        """Return what stands between cells: that by which most columns of the header are known."""
        hint, header = _HINT.match(beginning), _header(beginning)
        choices = _DELIMITERS + (hint[1] if hint else "")
        return max(choices, key=lambda sign: len(self._split(header, sign)))

    def _split(self, header: str, delimiter: str) -> dict[str, int]:
        return self.places(header.replace('"', "").split(delimiter))


@dataclass(frozen=True, slots=True)
class Row:
    """One row. A column that the file does not have is empty.

    `report` takes what is wrong with it, under its `id`.
    """

    line: int
    cells: Mapping[str, str]
    report: Report

    def __getitem__(self, name: str) -> str:
        return self.cells.get(name, "")

    def note(self, reason: str) -> None:
        """Report what is wrong with it."""
        self.report.add(self.line, reason, self["id"])

    def text(self, name: str, most: int = LONGEST_LINE) -> str:
        """Return a cell as plain text, cut where it is longer."""
        text, cut = shorten(self[name], most)
        if cut:
            self.note(f"sold with its {name} cut at {most} characters")
        return text

    def picture(self, name: str, alt: str, without: str) -> Picture | None:
        """Return the picture at a cell's address; what is done `without` one is noted."""
        if not self[name]:
            return None
        return attempt(lambda: Picture(remote(self[name]), alt), self.note, without)


def read_rows(text: FeedText, layout: Layout, report: Report) -> Iterator[Row]:
    """Yield the rows that fit the header; the others are reported, and empty ones passed over.

    Raises:
        InvalidProduct: the header lacks a column that products cannot do without.
    """
    begins = text.beginning
    if text.note:
        report.add(WHOLE_FILE, text.note)
    lines = _lines(text, layout.delimiter(begins), bool(_HINT.match(begins)), report)
    header = next((cells for _, cells in lines), [])
    places = layout.places(header)
    missing = [name for ours, name in layout.required.items() if ours not in places]
    if missing:
        raise InvalidProduct(f"the header lacks the column {' and the column '.join(missing)}")
    several = {
        ours: [at for at, name in enumerate(header) if name.strip().lower().startswith(begins)]
        for ours, begins in layout.several.items()
    }
    for line, cells in lines:
        if not _ERRORS.isdisjoint(cells):
            cells = ["" if cell in _ERRORS else cell for cell in cells]  # noqa: PLW2901
        named = {name: cells[place].strip() for name, place in places.items()}
        for name, those in several.items():
            if those:
                named[name] = APART.join(filter(None, (cells[place].strip() for place in those)))
        yield Row(line, named, report)


def together(
    read: Callable[[Report], Iterable[T]], name: Callable[[T], Hashable], report: Report
) -> Iterator[list[T]]:
    """Yield the rows of one name together, in the order of their first, once the last has come.

    `read` is called twice, so that few rows are held at a time: there may be far more of them than
    memory. A row without a name is alone.
    """
    left = Counter(map(name, read(Report())))
    held: dict[Hashable, list[T]] = {}
    for row in read(report):
        called = name(row)
        if not called:
            yield [row]
            continue
        held.setdefault(called, []).append(row)
        left[called] -= 1
        while held and not left[first := next(iter(held))]:
            yield held.pop(first)


def _lines(
    text: FeedText, delimiter: str, has_hint: bool, report: Report
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that say something and are as wide as the first, each with its first line.

    Any other costs that line alone and is read again from the next: its quote, left open, would
    take what follows along.
    """
    lines = _Lines(text, report)
    number, width, reason = int(has_hint), 0, "begins"
    if has_hint:
        next(lines)
    while reason:
        reason = ""
        lines.taken.clear()
        try:
            for cells in csv.reader(lines, delimiter=delimiter, strict=True):
                if any(map(str.strip, cells)):
                    width = width or len(cells)
                    reason = _misfit(cells, width, delimiter if len(lines.taken) > 1 else "")
                    if reason:
                        break
                    yield number + 1, cells
                number += len(lines.taken)
                lines.taken.clear()
        except csv.Error as error:
            reason = f"is not CSV: {error}"
        if reason:
            number += 1
            report.add(number, reason)
            if not lines.put_back():
                report.add(number, "too many quotes are left open: what follows is not read")
                return


class _Lines(Iterator[str]):
    """The lines of a text; those that were `taken` last, but for the first, can be put back."""

    def __init__(self, text: FeedText, report: Report) -> None:
        self.taken: list[str] = []
        self._back: deque[str] = deque()
        self._ahead = text.lines()
        self._text = text
        self._report = report
        self._come = self._again = 0

    def __next__(self) -> str:
        if self._back:
            line = self._back.popleft()
        else:
            line = next(self._ahead)
            self._come += len(line)
            self._report.reached(self._text.share(self._come))
        self.taken.append(line)
        return line

    def put_back(self) -> bool:
        """Say whether that may be done: it is read again, and could be for ever."""
        self._again += sum(map(len, self.taken[1:]))
        self._back.extendleft(reversed(self.taken[1:]))
        return not self._text.exceeded(self._again, _MOST_AGAIN)


def _misfit(cells: Sequence[str], width: int, delimiter: str) -> str:
    """Return why a row is none. `delimiter` is that of a row of several lines."""
    if len(cells) < width or any(cells[width:]):
        return f"has {len(cells)} cells, and the header {width}"
    is_open = delimiter == "\t" and any(delimiter in cell for cell in cells)
    return "a quote is left open" if is_open else ""


def _header(beginning: str) -> str:
    """Return the first line that says something, but for a hint."""
    lines = beginning.splitlines()[1 if _HINT.match(beginning) else 0 :]
    return next((line for line in lines if line.strip()), "")


def _letters(name: str) -> str:
    """Return a column's name; Google's templates have two: `Titel [title]`."""
    own = re.search(r"\[([^\[\]]+)\]\s*$", name)
    return re.sub(r"^\s*g:|[^a-z0-9]", "", (own[1] if own else name).lower())
