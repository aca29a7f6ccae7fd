"""A line of the log: a whole JSON object, whatever is written and by whom."""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import pytest

from app.util.json_log import BackgroundHandler, JsonLines


def line(message: object, *arguments: object, exc_info: Any = None) -> dict[str, Any]:
    """Return a line as it is read back, its time left out."""
    record = logging.LogRecord("some.logger", logging.WARNING, "", 0, message, arguments, exc_info)
    text = JsonLines().format(record)
    assert len(text.splitlines()) == 1
    read: dict[str, Any] = json.loads(text)
    assert read.pop("time").endswith("+00:00")
    return read


def test_an_event_has_its_own_keys() -> None:
    assert line({"event": "page", "counts": {"asked:house": 1}}) == {
        "level": "WARNING",
        "logger": "some.logger",
        "event": "page",
        "counts": {"asked:house": 1},
    }


@pytest.mark.parametrize(
    "text", ["plain", "two\nlines", '"quoted" {"not": json}', "é\u2028\x1b[31m", ""]
)
def test_any_other_line_has_a_message(text: str) -> None:
    assert line("%s!", text)["message"] == f"{text}!"


def test_an_exception_stays_in_its_line() -> None:
    error = ValueError("two\nlines")
    read = line("failed", exc_info=(ValueError, error, None))
    assert read["message"] == "failed"
    assert "ValueError: two\nlines" in read["exc_info"]


def record(message: object) -> logging.LogRecord:
    return logging.LogRecord("some.logger", logging.WARNING, "", 0, message, (), None)


def read_lines(descriptor: int, number: int, text: bytes) -> list[dict[str, Any]]:
    while text.count(b"\n") < number:
        text += os.read(descriptor, 65536)
    return [json.loads(line) for line in text.splitlines()]


def test_what_there_is_no_room_for_is_dropped_counted_and_told() -> None:
    reading, writing = os.pipe()
    handler = BackgroundHandler(writing, room=2)
    handler.setFormatter(JsonLines())
    handler.emit(record("x" * 100_000))  # more than a pipe holds: the thread waits inside it
    begun = os.read(reading, 1)
    for number in range(5):
        handler.emit(record(f"line {number}"))
    _, told, first, second = read_lines(reading, 4, begun)
    assert (told["event"], told["lines"], told["level"]) == ("log_dropped", 3, "WARNING")
    assert [first["message"], second["message"]] == ["line 0", "line 1"]
    os.close(reading)
    os.close(writing)


def test_what_cannot_be_written_is_counted_and_told_as_well() -> None:
    nobody, writing = os.pipe()
    os.close(nobody)
    handler = BackgroundHandler(writing)
    handler.setFormatter(JsonLines())
    handler.emit(record("to nobody"))
    handler.flush()
    reading, elsewhere = os.pipe()
    os.dup2(elsewhere, writing)
    handler.emit(record("to somebody"))
    line, told = read_lines(reading, 2, b"")
    assert line["message"] == "to somebody"
    assert told["lines"] == 1
    for descriptor in (reading, elsewhere, writing):
        os.close(descriptor)
