"""Facts made into personas: what is noted, what is counted, and what is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from app.domain.facts import Fact, ReportedEvent
from app.domain.page import Refusal
from app.domain.persona import Persona
from app.personas.learner import Learned, PersonaLearner, TooBusy
from app.settings import ROOT
from app.storage.db.rows import ShopperHistory, Visited
from app.storage.db.sqlite import SqliteDatabase
from app.storage.errors import StorageError
from tests.support.factories import shop

pytestmark = pytest.mark.anyio

SHOP = shop()
ORDER = ReportedEvent("purchase", (("thing-0", 1),))


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
    learning = PersonaLearner(database, Days())
    learned = await learning.learn("shop_1", SHOP, [ORDER, ORDER])
    persona = await database.persona_of("shop_1", "test")
    assert persona.type == "loyalist"
    assert learned == Learned(persona, prefetch=True)
    assert learning.counts == {"noted_purchase": 2}


async def test_the_same_persona_asks_for_no_other_page(database: SqliteDatabase) -> None:
    learning = PersonaLearner(database, Days())
    view = ReportedEvent("view", (("thing-0", 1),))
    reports = [
        ("shop_1", [view]),
        ("shop_1", [view]),
        ("shop_2", [ORDER, ORDER]),
        ("shop_2", [view]),
    ]
    learned = [await learning.learn(shopper, SHOP, events) for shopper, events in reports]
    assert [isinstance(item, Learned) and item.prefetch for item in learned] == [
        False,
        False,
        True,
        False,
    ]


async def test_behaviour_of_several_days_adds_up(database: SqliteDatabase) -> None:
    days = Days()
    learning = PersonaLearner(database, days)
    for _ in range(3):
        views = [ReportedEvent("view", ((f"thing-{at}", 1),)) for at in range(5)]
        await learning.learn("shop_1", SHOP, views)
        days.now += 86_400
    assert "returns" in (await database.persona_of("shop_1", "test")).signals.browsing_patterns


async def test_what_the_shop_does_not_have_is_counted_and_refused_where_it_is_all(
    database: SqliteDatabase,
) -> None:
    learning = PersonaLearner(database, Days())
    gone = ReportedEvent("view", (("gone", 1),))
    assert isinstance(await learning.learn("shop_1", SHOP, [gone, ORDER]), Learned)
    assert await learning.learn("shop_1", SHOP, [gone]) == Refusal("UNKNOWN_PRODUCT", "view")
    assert learning.counts["unknown_product"] == 2


async def test_a_shopper_who_changes_all_the_time_has_few_pages_composed_ahead(
    database: SqliteDatabase,
) -> None:
    learning = PersonaLearner(database, Days())
    learned = [
        await learning.learn("shop_1", SHOP, [ReportedEvent("purchase", (("thing-11", at),))] * 2)
        for at in range(1, 60)
    ]
    judged = [item for item in learned if isinstance(item, Learned)]
    assert 1 < sum(item.prefetch for item in judged) <= 5
    assert len({item.persona for item in judged}) > 5


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
    learning = PersonaLearner(notes, Days())
    waiting = [asyncio.create_task(learning.learn(f"shop_{at}", SHOP, [ORDER])) for at in range(64)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy):
        await learning.learn("shop_64", SHOP, [ORDER])
    notes.go.set()
    await asyncio.gather(*waiting)
    assert isinstance(await learning.learn("shop_64", SHOP, [ORDER]), Learned)
    assert learning.counts["too_busy"] == 1


async def test_one_shopper_is_judged_by_one_call_at_a_time_and_others_meanwhile() -> None:
    notes = SlowNotes()
    learning = PersonaLearner(notes, Days())
    same = [asyncio.create_task(learning.learn("shop_1", SHOP, [ORDER])) for _ in range(5)]
    other = asyncio.create_task(learning.learn("shop_2", SHOP, [ORDER]))
    for _ in range(9):
        await asyncio.sleep(0)
    assert notes.most_inside == 2
    notes.go.set()
    await asyncio.gather(*same, other)


async def test_a_failure_frees_the_place_and_is_passed_on() -> None:
    notes = SlowNotes()
    notes.go.set()
    learning = PersonaLearner(notes, Days())
    for _ in range(70):
        with pytest.raises(StorageError):
            await learning.learn("unlucky", SHOP, [ORDER])
    assert isinstance(await learning.learn("shop_1", SHOP, [ORDER]), Learned)


class FullDatabase(SqliteDatabase):
    """A database that has no room for a persona, until a test makes some."""

    is_full = True

    async def set_persona(
        self, visited: Visited, persona: Persona, persona_hash: str, last_fact_id: int
    ) -> None:
        if self.is_full:
            raise StorageError("full")
        await super().set_persona(visited, persona, persona_hash, last_fact_id)


async def test_what_is_noted_is_not_asked_for_again_where_its_persona_cannot_be_stored(
    tmp_path: Path,
) -> None:
    database = FullDatabase(tmp_path / "shop.sqlite3", ROOT / "migrations")
    await database.open()
    learning = PersonaLearner(database, Days())
    learned = await learning.learn("shop_1", SHOP, [ORDER, ORDER])
    assert isinstance(learned, Learned)
    assert learned.persona.type == "loyalist"
    assert learning.counts["persona_not_stored"] == 1
    database.is_full = False
    await learning.learn("shop_1", SHOP, [ORDER])
    assert (await database.persona_of("shop_1", "test")).type == "loyalist"
    assert len(await database.facts_of("shop_1")) == 3
    await database.close()
