"""Describes an error in a designer's file: file, line, message, and the values at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from json import JSONDecodeError
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from jinja2 import TemplateSyntaxError

from app.util.errors import OperatorError
from app.workbench.reload.files import Sources

_AROUND = 3
_LONGEST_VALUE = 160
_MOST_VALUES = 12
_MADE_UP = re.compile(r"\bdesigned_\d+\.(?:\w+\.)?")
_NAMES = re.compile(r"[A-Za-z_]\w*")


class Line(NamedTuple):
    """A line of a file as it is shown."""

    number: int
    text: str
    guilty: bool


class Value(NamedTuple):
    """A name of the template and what it stood for."""

    name: str
    shown: str


class Fault(NamedTuple):
    """Something wrong in a file. `where` says in what it came up, such as a sample's name."""

    file: str
    line: int
    message: str
    where: str = ""
    lines: Sequence[Line] = ()
    values: Sequence[Value] = ()

    @property
    def place(self) -> str:
        """The file, with the line where it is of one."""
        return f"{self.file}, line {self.line}" if self.line else self.file

    @property
    def component(self) -> str:
        """The component the file belongs to, empty where it is shared."""
        path = Path(self.file)
        return path.name.partition(".")[0] if path.parent == Path("components") else ""

    def as_json(self) -> dict[str, Any]:
        """Return the fault for a browser."""
        return {
            **self._asdict(),
            "component": self.component,
            "lines": [line._asdict() for line in self.lines],
            "values": [value._asdict() for value in self.values],
        }


def fault_of(error: BaseException, sources: Sources, otherwise: str, where: str = "") -> Fault:
    """Return what an error says about the designer's files; `otherwise` where it names none."""
    file, line, frame = _place(error, sources)
    message = _words(error).replace(f"{sources.root}/{file or otherwise}: ", "")
    if isinstance(error, TemplateSyntaxError | SyntaxError) and error.lineno:
        name = getattr(error, "filename", None) or ""
        file, line, frame = _below(name, sources) or otherwise, error.lineno, None
    elif isinstance(error.__cause__, JSONDecodeError):
        line, message = error.__cause__.lineno, f"not JSON: {error.__cause__.msg}"
    file = file or otherwise
    lines = _lines(sources.texts.get(file, ""), line)
    guilty = next((item.text for item in lines if item.guilty), "")
    values = _values(frame, guilty) if frame is not None and file.endswith(".jinja") else ()
    return Fault(file, line, message, where, lines, values)


def named_fault(error: OperatorError, sources: Sources) -> Fault:
    """Return the fault that an error tells whose message begins with the file."""
    file, _, reason = str(error).removeprefix(f"{sources.root}/").partition(": ")
    if isinstance(error.__cause__, JSONDecodeError):
        return fault_of(error, sources, file)
    return line_fault(file, 0, reason, sources)


def line_fault(file: str, line: int, message: str, sources: Sources, where: str = "") -> Fault:
    """Return a fault at a line that is known."""
    return Fault(file, line, message, where, _lines(sources.texts.get(file, ""), line))


def unread_faults(sources: Sources) -> list[Fault]:
    """Return the files that cannot be read, and why."""
    return [Fault(name, 0, reason) for name, reason in sources.unread.items()]


def line_in_sample(text: str, sample: str, prop: str) -> int:
    """Return the line of a prop in a file of samples; the sample's own where it lacks the prop."""
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if f'"{sample}"' in line), None)
    if start is None:
        return 0
    for at in range(start + 1, len(lines)):
        if f'"{prop}"' in lines[at]:
            return at + 1
        if '"name"' in lines[at]:
            break
    return start + 1


def _place(error: BaseException, sources: Sources) -> tuple[str, int, FrameType | None]:
    """Return the innermost of our files the error passed through."""
    file, line, frame = "", 0, None
    step = error.__traceback__
    while step is not None:
        name = _below(step.tb_frame.f_code.co_filename, sources)
        if name:
            file, line, frame = name, step.tb_lineno, step.tb_frame
        step = step.tb_next
    return file, line, frame


def _below(filename: str, sources: Sources) -> str:
    start = f"{sources.root}/"
    name = filename.removeprefix(start)
    return name if filename.startswith(start) and name in sources.texts else ""


def _words(error: BaseException) -> str:
    text = getattr(error, "message", None) or getattr(error, "msg", None) or str(error)
    plain = _MADE_UP.sub("", str(text))
    return f"{type(error).__name__}: {plain}"[:600]


def _lines(text: str, line: int) -> tuple[Line, ...]:
    if not line:
        return ()
    first = max(1, line - _AROUND)
    shown = text.splitlines()[first - 1 : line + _AROUND]
    return tuple(Line(first + at, item, first + at == line) for at, item in enumerate(shown))


def _values(frame: FrameType, guilty: str) -> tuple[Value, ...]:
    """Return what the names on the guilty line stood for; of props, every one."""
    named = set(_NAMES.findall(guilty))
    found = {name: value for name, value in frame.f_locals.items() if name in named}
    values: list[Value] = []
    for name, value in found.items():
        if name == "props":
            values += [Value(f"props.{key}", _short(item)) for key, item in _props(value).items()]
        elif not callable(value):
            values.append(Value(name, _short(value)))
    return tuple(values[:_MOST_VALUES])


def _props(value: object) -> Mapping[str, object]:
    return dict(vars(value)) if hasattr(value, "__dict__") else {}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
