"""Vectors of experiments: who is in which arm, and what is counted of the pages they see."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import inf
from typing import Any, NamedTuple

from app.domain.experiments import POINTS, Arm, Experiment, Experiments
from app.domain.facts import ReportedEvent
from app.personas.views import to_rows
from tests.support.factories import product, shop

_SHOPPERS = tuple(f"shop_{number:032x}" for number in range(24))
_HALVES = (Arm("a", "model", POINTS // 2), Arm("b", "house", POINTS, pins=False))
_THIRDS = (Arm("now", "model", POINTS // 3), Arm("no-model", "plain", POINTS))
_SHOP = shop(product("oak"), product("elm"), product("__proto__"))
_KINDS = {"hero": ("hero",), "grid": ("grid", "wall"), "constructor": ()}


class Case(NamedTuple):
    """Experiments as they are at a moment, seen by shoppers of a persona."""

    name: str
    experiments: Experiments
    persona: str = "newcomer"
    now: float = 1_000.0


def cases() -> Iterator[Case]:
    """Yield what experiments there may be."""
    half = Experiment("copy", POINTS, _HALVES)
    part = Experiment("plain", POINTS // 4, _THIRDS)
    yield Case("none", Experiments())
    yield Case("a holdout of no experiment", Experiments((), POINTS // 2))
    yield Case("one for all", Experiments((half,)))
    yield Case("one for a part, one for the rest", Experiments((part, half)))
    yield Case("a holdout", Experiments((half,), POINTS // 3))
    for name, begins, ends in (("begins", 1_000.0, inf), ("is over", -inf, 1_000.0)):
        timed = half._replace(begins=begins, ends=ends)
        yield Case(f"one that {name}", Experiments((timed,), POINTS // 3))
    meant = half._replace(personas=("collector", "explorer"))
    for persona in ("newcomer", "collector"):
        yield Case(f"one for collectors, to a {persona}", Experiments((meant, part)), persona)


def assigned(case: Case, shopper_id: str) -> dict[str, Any]:
    """Return a shopper's arm, and what they count in."""
    arm = case.experiments.assign(shopper_id, case.persona, case.now)
    exposures = case.experiments.exposures(shopper_id, arm, case.now)
    return {
        "arm": arm.key,
        "page": arm.page,
        "pins": case.experiments.has_pins(arm.key),
        "exposures": [list(item) for item in exposures],
    }


def vectors() -> list[Mapping[str, Any]]:
    """Return the cases, each with what becomes of every shopper."""
    return [
        {
            "name": case.name,
            "experiments": case.experiments.as_json(),
            "persona": case.persona,
            "now": case.now,
            "shoppers": {name: assigned(case, name) for name in _SHOPPERS},
        }
        for case in cases()
    ]


def _events() -> Iterator[tuple[str, list[ReportedEvent]]]:
    def seen(slot: str, by: str, *names: str) -> ReportedEvent:
        return ReportedEvent("shown", tuple((name, 1) for name in names), slot=slot, component=by)

    def pressed(slot: str, by: str, name: str, place: int) -> ReportedEvent:
        return ReportedEvent("click", ((name, 1),), slot=slot, component=by, place=place)

    yield "nothing", []
    yield "a slot", [seen("grid", "grid", "oak", "elm")]
    yield "a fallback", [seen("hero", "fallback", "oak")]
    yield "a slot without products", [seen("hero", "hero")]
    yield "a product that is not sold", [seen("grid", "wall", "gone", "oak")]
    yield "names of JavaScript's own", [seen("grid", "grid", "__proto__", "constructor")]
    yield "a slot of JavaScript's own", [seen("constructor", "fallback", "oak")]
    for slot, by in (("top", "hero"), ("hero", "grid"), ("toString", "hero"), ("grid", "")):
        yield f"a {by} in {slot}", [seen(slot, by, "oak"), pressed(slot, by, "oak", 1)]
    yield "a click", [pressed("grid", "grid", "elm", 7)]
    yield "a click on what is not sold", [pressed("grid", "grid", "gone", 1)]
    yield (
        "all of it",
        [
            seen("grid", "grid", "oak", "elm"),
            seen("grid", "grid", "oak"),
            pressed("grid", "grid", "oak", 1),
            pressed("grid", "grid", "elm", 2),
        ],
    )


def views() -> list[Mapping[str, Any]]:
    """Return what was reported, and the counts that come of it."""
    return [
        {
            "name": name,
            "products": json.dumps({item: [0, 0, 0, 0] for item in _SHOP.products}),
            "slots": {slot: list(kinds) for slot, kinds in _KINDS.items()},
            "events": [event._asdict() for event in events],
            "rows": [list(row) for row in to_rows(events, _SHOP, _KINDS)],
        }
        for name, events in _events()
    ]
