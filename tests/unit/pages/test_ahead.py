"""Pages that are composed before other rules or arms hold, as far as visitors leave room."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from app.domain.experiments import NO_ARM, POINTS, Arm, Assignment, Experiment, Experiments
from app.domain.persona import PERSONA_TYPES, Persona, Shopper
from app.pages.ahead import ComposeAhead

pytestmark = pytest.mark.anyio


class Pages:
    """Has room for every other page: visitors need the rest."""

    def __init__(self) -> None:
        self.kept = list[str]()
        self.attempts = 0
        self.cache = SimpleNamespace(is_shared=lambda _: True)

    async def compose_ahead(self, known: Any, _: object) -> str:
        if known.page_key in self.kept:
            return "kept"
        self.attempts += 1
        if not self.attempts % 2:
            return "left"
        self.kept.append(known.page_key)
        return "composed"


class Shoppers:
    """Has one shopper of each type."""

    async def latest_shoppers(self, shop_id: str) -> Sequence[Shopper]:
        return [Shopper(f"shop_{kind}", shop_id, Persona(kind)) for kind in PERSONA_TYPES]


async def test_what_must_wait_for_visitors_is_composed_at_a_later_look() -> None:
    trial = Experiment("trial", POINTS, (Arm("only", "house", POINTS),), begins=60)
    view = SimpleNamespace(shop=SimpleNamespace(id="demo"), valid_until=0)
    site = SimpleNamespace(now=lambda: 0.0, shop=lambda _: view)

    def arm_at(_: Shopper, moment: float) -> Assignment:
        return Assignment("trial", "only", "house") if moment >= trial.begins else NO_ARM

    arms = SimpleNamespace(experiments=Experiments((trial,)), at=arm_at)
    pages = Pages()
    ahead = ComposeAhead(*cast("Any", (site, pages, arms, Shoppers())))
    for _ in PERSONA_TYPES:
        await ahead.prepare("demo")
    assert len(pages.kept) == len(PERSONA_TYPES)
    looks = ahead.counts.total()
    await ahead.prepare("demo")
    assert ahead.counts.total() == looks, "all of them are ready"
