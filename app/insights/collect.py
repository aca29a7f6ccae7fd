"""Asks the database for what experiments came to, and reports on one shop."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.catalog.problems import in_words
from app.content.experiments import ExperimentFile
from app.domain.catalog import Shop
from app.domain.experiments import PLAIN, POINTS, Arm, Experiment, Experiments
from app.domain.facts import day_of
from app.insights.pins import compare_pins
from app.insights.report import Counts, report
from app.personas.facts import prices_of
from app.storage.db.repository import ShopRepository
from app.storage.db.rows import stamp

VIEW_DAYS = 30
"""Days of which views are told; outcomes are those of whole experiments."""

_SAMPLE = Path(__file__).with_name("sample.json")
_HALVES = Arm("plain", PLAIN, POINTS // 2), Arm("composed", "model", POINTS)
_SIMULATED = Experiments((Experiment("pays", POINTS, _HALVES),))
"""The experiment of the sample's shoppers."""


def read_sample(shop: Shop) -> dict[str, object] | None:
    """Return the report on a simulated month (`make simulate`); None but for the demo shop."""
    if shop.id != "demo":
        return None
    counts = Counts(**json.loads(_SAMPLE.read_text("utf-8")))
    figures = report(counts, _SIMULATED, {}, currency=prices_of(shop).currency, dollar=1.0)
    about = {"shop": shop.id, "sample": True, "view_days": VIEW_DAYS, "problems": []}
    return {**about, **figures, "pins": []}


async def collect(
    store: ShopRepository,
    shop: Shop,
    file: ExperimentFile,
    stopped: Mapping[str, str],
    now: float,
    *,
    record_days: float,
) -> dict[str, object]:
    """Return the report on a shop at a moment (Unix seconds), whose pages stay recorded so long.

    Raises:
        StorageError: the database does not say.
    """
    since = day_of(now) - VIEW_DAYS
    rows = await store.counts(shop.id, since)
    pinning = [rule for rule in shop.rules if rule.action == "pin"]
    slots = dict.fromkeys(rule.slot for rule in pinning)
    most = max((len(rule.products) for rule in pinning), default=0)
    places = await store.places(shop.id, since, slots, most) if pinning else ()
    currency = prices_of(shop).currency
    experiments, problems = file.experiments, file.problems
    dollar = 1.0 if currency == "USD" else experiments.dollar or None
    figures = report(
        Counts(*rows),
        experiments,
        stopped,
        currency=currency,
        dollar=dollar,
        recorded_from=stamp(now, record_days)[:10],
    )
    wrong = [in_words(problem) for problem in problems]
    about = {"shop": shop.id, "sample": False, "view_days": VIEW_DAYS, "problems": wrong}
    return {**about, **figures, "pins": compare_pins(pinning, places, experiments)}
