"""Figures -> coordinates of SVG charts; page.jinja draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

WIDTH = 640
ROW = 34
_MARGIN = 16


class Interval(NamedTuple):
    """A row of a chart of intervals, in pixels."""

    label: str
    y: int
    low: float
    middle: float
    high: float


class IntervalChart(NamedTuple):
    """Intervals around differences, above an axis on which `zero` is no difference."""

    rows: Sequence[Interval]
    zero: float
    height: int


class Bar(NamedTuple):
    """A row of a chart of bars, in pixels."""

    label: str
    y: int
    width: float
    text: str


def interval_chart(arms: Iterable[Mapping[str, Any]]) -> IntervalChart | None:
    """Return the differences that have an interval; None where none has."""
    known = [
        (arm["arm"], arm["difference"])
        for arm in arms
        if arm.get("difference") and arm["difference"]["low"] is not None
    ]
    if not known:
        return None
    least = float(min(0.0, *(found["low"] for _, found in known)))
    most = float(max(0.0, *(found["high"] for _, found in known)))
    scale = (WIDTH - 2 * _MARGIN) / ((most - least) or 1)

    def place(value: float) -> float:
        return round(_MARGIN + (value - least) * scale, 1)

    rows = [
        Interval(name, at * ROW, *(place(found[part]) for part in ("low", "estimate", "high")))
        for at, (name, found) in enumerate(known)
    ]
    return IntervalChart(rows, place(0), len(rows) * ROW + _MARGIN)


def bar_chart(rows: Sequence[Mapping[str, Any]]) -> list[Bar]:
    """Return how often each slot as a whole was clicked, of how often it was seen."""
    slots: dict[str, list[int]] = {}
    for row in rows:
        if row["place"] == 0:
            count = slots.setdefault(row["slot"], [0, 0])
            count[0] += row["shown"]
            count[1] += row["clicked"]
    rates = {slot: clicked / shown for slot, (shown, clicked) in slots.items() if shown}
    most = max(rates.values(), default=0) or 1
    return [
        Bar(slot, at * ROW, round(rate / most * WIDTH, 1), f"{rate:.1%}")
        for at, (slot, rate) in enumerate(rates.items())
    ]
