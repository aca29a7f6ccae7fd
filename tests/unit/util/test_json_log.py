"""A line of the log: a whole JSON object, whatever is written and by whom."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from app.util.json_log import JsonLines


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
