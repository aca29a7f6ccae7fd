"""Reads the merchant's TOML: tables whose values are checked, each fault told with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from math import inf
from pathlib import Path
from typing import Any, TypeVar

from app.catalog.problems import WHOLE_FILE, shown
from app.domain.catalog import FeedIssue

T = TypeVar("T")

_LARGEST_FILE = 256 * 1024
_AT_END = "at end of document"
_AT_LINE = re.compile(r"\(at line (\d+)")


class Unusable(ValueError):
    """A value of a table cannot be used; `key` says of which line."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(reason)
        self.key = key


class TomlFile:
    """A file of tables. What is wrong with it gathers in `problems`; it is empty if not there."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.lines: list[str] = []
        self.unreadable = False
        self._problems: list[FeedIssue] = []
        self.fields: Mapping[str, Any] = {}
        self.zone: tzinfo = UTC
        if path.is_file():
            self._read(path)

    @property
    def problems(self) -> tuple[FeedIssue, ...]:
        """Return what was noted, by line."""
        return tuple(sorted(self._problems, key=lambda problem: problem.line))

    def note(self, line: int, reason: str) -> None:
        """Note what is wrong with a line."""
        self._problems.append(FeedIssue(line, reason, file=self.name))

    def each(self, name: str, most: int, read: Callable[[Table], T]) -> Iterator[T]:
        """Yield what is read of the tables of a name, [[name]].

        One that cannot be used costs only itself; those beyond the most are reported.
        """
        tables = self.fields.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
            self.note(self.top.line_of(name), f"{name} is a list of tables: [[{name}]]")
            return
        header = re.compile(rf"\s*\[\[\s*{re.escape(name)}\s*\]\]")
        starts = [at for at, line in enumerate(self.lines, 1) if header.match(line)]
        if len(starts) != len(tables):  # written inline: only the file can be named
            starts = [WHOLE_FILE] * len(tables)
        if len(tables) > most:
            self.note(starts[most], f"what comes after {most} of [[{name}]] is passed over")
        ends = [*starts[1:], len(self.lines) + 1]
        for fields, start, end in zip(tables[:most], starts, ends, strict=False):
            table = Table(fields, start, self.lines[start : end - 1], self.zone)
            try:
                yield read(table)
            except Unusable as error:
                self.note(table.line_of(error.key), f"the {name} is passed over: {error}")

    @property
    def top(self) -> Table:
        """What stands before the tables."""
        return Table(self.fields, 0, self.lines, self.zone)

    def known(self, names: Iterable[str]) -> None:
        """Report what stands before the tables and has another name."""
        for key in sorted(self.fields.keys() - set(names)):
            self.note(self.top.line_of(key), f"{shown(key)} is not known here")

    def _read(self, path: Path) -> None:
        import tomllib  # noqa: PLC0415 - only where there is such a file
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - likewise

        try:
            text = _content(path)
            self.lines = text.split("\n")
            self.fields = tomllib.loads(text)
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            self._refuse(line, "this line is not UTF-8, which files are to be saved as")
        except (OSError, ValueError) as error:
            at = _AT_LINE.search(str(error))
            last = len(self.lines) if _AT_END in str(error) else WHOLE_FILE
            self._refuse(int(at[1]) if at else last, str(error))
        except RecursionError:
            self._refuse(WHOLE_FILE, "brackets stand too deep within brackets")
        name = str(self.fields.get("timezone", "UTC"))
        try:
            self.zone = ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            line = self.top.line_of("timezone")
            self.note(line, f"there is no time zone {shown(name)}: times are taken for UTC")

    def _refuse(self, line: int, reason: str) -> None:
        self.unreadable = True
        self.note(line, f"nothing of it is read: {reason}")


def _content(path: Path) -> str:
    with path.open("rb") as file:
        content = file.read(_LARGEST_FILE + 1)
    if len(content) > _LARGEST_FILE:
        raise ValueError(f"is larger than {_LARGEST_FILE // 1024} KiB")
    return content.decode("utf-8-sig")


class Table:
    """One table. Each value is returned as what it must be, or raises Unusable."""

    def __init__(
        self, fields: Mapping[str, Any], start: int, lines: list[str], zone: tzinfo
    ) -> None:
        self.fields = fields
        self.start = start
        self._lines = lines
        self.zone = zone

    def line_of(self, key: str) -> int:
        """Return the line of a key, the table's first where it has none of its own."""
        pattern = re.compile(rf"\s*\[*\s*[\"']?{re.escape(key)}[\"']?\s*[=.\]]")
        lines = enumerate(self._lines, self.start + 1)
        found = next((at for at, line in lines if key and pattern.match(line)), self.start)
        return found or WHOLE_FILE

    def only(self, names: Iterable[str]) -> None:
        """Refuse what has another name."""
        for key in self.fields.keys() - set(names):
            raise Unusable(key, f"{shown(key)} is not known")

    def number(self, key: str, least: float, most: float, otherwise: float = 0.0) -> float:
        """Return a number within bounds."""
        value = self.fields.get(key, otherwise)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if key in self.fields and not (number and least <= value <= most):
            raise Unusable(key, f"{key} must be a number from {least:g} to {most:g}")
        return float(value)

    def whole(self, key: str, least: int, most: int) -> int:
        """Return a whole number within bounds, 0 if not there."""
        number = self.number(key, least, most)
        if number % 1:
            raise Unusable(key, f"{key} must be a whole number")
        return int(number)

    def flag(self, key: str, *, otherwise: bool) -> bool:
        """Return true or false."""
        value = self.fields.get(key, otherwise)
        if not isinstance(value, bool):
            raise Unusable(key, f"{key} must be true or false")
        return value

    def text(self, key: str, known: Iterable[str] = ()) -> str:
        """Return one text, of those that are known where any are; an empty one if not there."""
        texts = self.texts(key, known)
        if len(texts) > 1:
            raise Unusable(key, f"{key} must be one text")
        return "".join(texts)

    def texts(self, key: str, known: Iterable[str] = ()) -> tuple[str, ...]:
        """Return one text or several, of those that are known where any are; none if not there."""
        value = self.fields.get(key, [])
        texts = [value] if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(map(_is_text, texts)):
            raise Unusable(key, f"{key} must be text, or a list of texts")
        if key in self.fields and not texts:
            raise Unusable(key, f"{key} is empty")
        strange = [text for text in texts if known and text not in known]
        if strange:
            raise Unusable(key, f"{key} {shown(strange[0])} is none of {', '.join(known)}")
        return tuple(texts)

    def period(self) -> tuple[float, float]:
        """Return the moments `from` and `until`; endless where they are not there."""
        begins, ends = self._moment("from", -inf), self._moment("until", inf)
        if begins >= ends:
            raise Unusable("until", "until is not after from")
        return begins, ends

    def _moment(self, key: str, otherwise: float) -> float:
        """Return Unix seconds. A time without a zone is the shop's; `until` is to a day's end."""
        value = self.fields.get(key)
        if value is None:
            return otherwise
        try:
            if isinstance(value, datetime):
                return (value if value.tzinfo else value.replace(tzinfo=self.zone)).timestamp()
            if isinstance(value, date):
                day = value + timedelta(days=key == "until")
                return datetime.combine(day, time.min, self.zone).timestamp()
        except OverflowError:  # 9999-12-31, which many write for ever
            return otherwise
        except (ValueError, OSError):
            pass
        raise Unusable(key, f"{key} must be a day or a time, without quotes: 2026-12-01")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value  # no file is named so
