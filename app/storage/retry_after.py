"""How long somebody asks us to wait, as HTTP says it."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isnan


def retry_after(text: str) -> float | None:
    """Read `Retry-After`, in seconds or as a date; None where it says nothing useful."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = _seconds_until(text)
    return None if isnan(seconds) else max(seconds, 0.0)


def _seconds_until(text: str) -> float:
    try:
        return (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return float("nan")
