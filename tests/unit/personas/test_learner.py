"""Facts made into personas: what is noted, what is counted, and what is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.domain.facts import Fact, ReportedEvent
from app.domain.page import Refusal
from app.domain.persona import Persona
from app.pages.service import Visit
from app.pages.shells import ShopView
from app.personas.learner import PersonaLearner, TooBusy
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from app.storage.db.rows import ShopperHistory, Visited
from app.storage.db.sqlite import SqliteDatabase
from app.storage.errors import StorageError
from tests.support.factories import shop

pytestmark = pytest.mark.anyio

COUNTER = ShopView(shop(), ShopUrls("test", "", {}), "content", {})
ORDER = ReportedEvent("purchase", (("thing-0", 1),))


class Front:
    """Remembers for whom a page was to be made ready."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Persona, bool]] = []

    async def prefetch(self, visit: Visit, persona: Persona, *, may_compose: bool) -> str:
        assert visit.shop_view is COUNTER
        self.asked.append((visit.shopper_id, persona, may_compose))
        return "begun" if may_compose else "left"


class Days:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 20_000 * 86_400.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    made = SqliteDatabase(tmp_path / "shop.sqlite3", ROOT / "migrations")
    await made.open()
    yield made
    await made.close()


async def test_what_is_noted_is_judged_and_becomes_current(database: SqliteDatabase) -> None:
    front = Front()
    learning = PersonaLearner(database, front, Days())
    assert await learning.learn(Visit("shop_1", COUNTER), [ORDER, ORDER]) is None
    persona = await database.persona_of("shop_1", "test")
    assert persona.type == "loyalist"
    assert front.asked == [("shop_1", persona, True)]
    assert learning.counts == {"noted_purchase": 2, "page_begun": 1}


async def test_the_same_persona_asks_for_no_other_page(database: SqliteDatabase) -> None:
    front = Front()
    learning = PersonaLearner(database, front, Days())
    for _ in range(2):
        await learning.learn(Visit("shop_1", COUNTER), [ReportedEvent("view", (("thing-0", 1),))])
    await learning.learn(Visit("shop_2", COUNTER), [ORDER, ORDER])
    await learning.learn(Visit("shop_2", COUNTER), [ReportedEvent("view", (("thing-0", 1),))])
    assert [may_compose for *_, may_compose in front.asked] == [False, False, True, False]


async def test_behaviour_of_several_days_adds_up(database: SqliteDatabase) -> None:
    front, days = Front(), Days()
    learning = PersonaLearner(database, front, days)
    for _ in range(3):
        views = [ReportedEvent("view", ((f"thing-{at}", 1),)) for at in range(5)]
        await learning.learn(Visit("shop_1", COUNTER), views)
        days.now += 86_400
    assert "returns" in (await database.persona_of("shop_1", "test")).signals.browsing_patterns


async def test_what_the_shop_does_not_have_is_counted_and_refused_where_it_is_all(
    database: SqliteDatabase,
) -> None:
    learning = PersonaLearner(database, Front(), Days())
    gone = ReportedEvent("view", (("gone", 1),))
    assert await learning.learn(Visit("shop_1", COUNTER), [gone, ORDER]) is None
    assert await learning.learn(Visit("shop_1", COUNTER), [gone]) == Refusal(
        "UNKNOWN_PRODUCT", "view"
    )
    assert learning.counts["unknown_product"] == 2


async def test_a_shopper_who_changes_all_the_time_has_few_pages_composed_ahead(
    database: SqliteDatabase,
) -> None:
    front, days = Front(), Days()
    learning = PersonaLearner(database, front, days)
    for at in range(1, 60):
        await learning.learn(
            Visit("shop_1", COUNTER), [ReportedEvent("purchase", (("thing-11", at),))] * 2
        )
    ahead = [may_compose for *_, may_compose in front.asked]
    assert 1 < sum(ahead) <= 5
    assert len({persona for _, persona, _ in front.asked}) > 5


class SlowNotes:
    """Notes that are written when a test says so; counts who is writing for one shopper."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.inside = 0
        self.most_inside = 0

    async def add_facts(self, sighting: Visited, facts: Sequence[Fact]) -> ShopperHistory:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        await self.go.wait()
        self.inside -= 1
        if sighting.shopper_id == "unlucky":
            raise StorageError("somewhere")
        return ShopperHistory(tuple(facts), None)

    async def set_persona(
        self, sighting: Visited, persona: Persona, persona_hash: str, judged: int
    ) -> None:
        assert judged == 0
        assert (sighting.shopper_id, persona.type, persona_hash[:3]) != ("", "", "")


async def test_beyond_the_bound_it_has_to_be_told_later() -> None:
    notes = SlowNotes()
    learning = PersonaLearner(notes, Front(), Days())
    waiting = [
        asyncio.create_task(learning.learn(Visit(f"shop_{at}", COUNTER), [ORDER]))
        for at in range(64)
    ]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await learning.learn(Visit("shop_64", COUNTER), [ORDER])
    notes.go.set()
    await asyncio.gather(*waiting)
    assert await learning.learn(Visit("shop_64", COUNTER), [ORDER]) is None
    assert learning.counts["too_busy"] == 1


async def test_one_shopper_is_judged_by_one_call_at_a_time_and_others_meanwhile() -> None:
    notes = SlowNotes()
    learning = PersonaLearner(notes, Front(), Days())
    same = [
        asyncio.create_task(learning.learn(Visit("shop_1", COUNTER), [ORDER])) for _ in range(5)
    ]
    other = asyncio.create_task(learning.learn(Visit("shop_2", COUNTER), [ORDER]))
    for _ in range(9):
        await asyncio.sleep(0)
    assert notes.most_inside == 2
    notes.go.set()
    await asyncio.gather(*same, other)


async def test_a_failure_frees_the_place_and_is_passed_on() -> None:
    notes = SlowNotes()
    notes.go.set()
    learning = PersonaLearner(notes, Front(), Days())
    for _ in range(70):
        with pytest.raises(StorageError):
            await learning.learn(Visit("unlucky", COUNTER), [ORDER])
    assert await learning.learn(Visit("shop_1", COUNTER), [ORDER]) is None
