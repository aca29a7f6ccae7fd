"""Compares clicks on what the merchant pinned with clicks on what it displaced."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isfinite

from app.domain.experiments import Experiments
from app.domain.facts import SECONDS_A_DAY
from app.domain.merchandising import Rule
from app.insights.sequences import Sample, difference
from app.storage.db.rows import Row


def compare_pins(
    rules: Iterable[Rule], places: Sequence[Row], experiments: Experiments
) -> list[dict[str, object]]:
    """Return for each pin how often it was clicked, beside what stands there without it.

    `places` has how often a product was shown and clicked at a place of a slot, by day, arm and
    type of persona. What a pin displaced is what leads while it holds in an arm without pins, which
    chance gave its shoppers (`randomised`): each counts by their first page. Where nobody saw one,
    it is what led on days on which the pin did not hold: days are no experiment, and shoppers come
    again, so that there is no interval.
    """
    arms = tuple(experiments.without_pins())
    return [_compare(rule, places, arms) for rule in rules]


def _compare(
    rule: Rule, places: Iterable[Row], arms: Iterable[tuple[str, frozenset[str]]]
) -> dict[str, object]:
    leading = [
        row
        for row in places
        if row["slot"] == rule.slot
        and row["place"] <= len(rule.products)
        and (not rule.personas or row["persona"] in rule.personas)
    ]
    without = {arm for arm, _ in arms}
    like = frozenset[str]().union(*(others for _, others in arms))
    held = [row for row in leading if _holds(rule, row)]
    pinned = _visitors(rule, (row for row in held if row["arm"] in like))
    displaced = _visitors(rule, (row for row in held if row["arm"] in without))
    randomised = bool(pinned.visitors and displaced.visitors)
    if not randomised:
        shown = (row for row in held if row["arm"] not in without)
        pinned = _views(row for row in shown if row["product"] in rule.products)
        displaced = _views(row for row in leading if not _holds(rule, row))
    found = difference(pinned, displaced)
    known = randomised and isfinite(found.low)
    return {
        "line": rule.line,
        "slot": rule.slot,
        "products": list(rule.products),
        "randomised": randomised,
        "shown": pinned.visitors,
        "clicked": int(pinned.total),
        "rate": pinned.mean if pinned.visitors else None,
        "displaced_shown": displaced.visitors,
        "displaced_clicked": int(displaced.total),
        "displaced_rate": displaced.mean if displaced.visitors else None,
        "difference": found.estimate if pinned.visitors and displaced.visitors else None,
        "low": found.low if known else None,
        "high": found.high if known else None,
        "called": known and found.called,
    }


def _holds(rule: Rule, row: Row) -> bool:
    """Say whether a rule holds on any part of a row's day."""
    begin: int = row["day"] * SECONDS_A_DAY
    return rule.begins < begin + SECONDS_A_DAY and begin < rule.ends


def _visitors(rule: Rule, rows: Iterable[Row]) -> Sample:
    """Return the sample of visitors, with how many of the leading places each has clicked."""
    found = list(rows)
    visitors = sum(row["visitors"] for row in found if row["place"] == 1)
    clicked = sum(row["clickers"] for row in found)
    most = len(rule.products)  # of one visitor: their square is at most so many times as large
    return Sample(visitors, float(clicked), float(clicked * most))


def _views(rows: Iterable[Row]) -> Sample:
    """Return the sample of views, each of which was clicked or was not."""
    found = list(rows)
    shown, clicked = (sum(row[name] for row in found) for name in ("shown", "clicked"))
    return Sample(shown, float(clicked), float(clicked))
