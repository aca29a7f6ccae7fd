"""Demand: what is dealt with together and sells now, and what it suggests to a shopper."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.facts import Fact
from app.domain.persona import Interests
from app.personas.demand import FRESH, NO_DEMAND, Demand, DemandReader, count_demand, suggest
from app.storage.db.rows import Row
from app.storage.errors import StorageError
from tests.support.clock import Clock
from tests.support.factories import product, shop
from tests.support.waiting import eventually
from tools.bench.relevance import recall

TODAY = 20_000
SHOP = shop(
    *(product(name) for name in ("lamp", "cup", "vase", "jug", "rug")),
    product("gone", available=False),
    product("fresh", tags=("new",)),
)


def fact(kind: str, *products: str, age: int = 0) -> Fact:
    return Fact(kind, TODAY - age, products)


def test_what_several_shoppers_dealt_with_goes_together_the_closest_first() -> None:
    facts = [
        *((name, fact("view", "lamp")) for name in "abcd"),
        *((name, fact("purchase", "cup")) for name in "ab"),
        *((name, fact("view", "vase")) for name in "bc"),
        ("c", fact("view", "jug")),
        ("d", fact("filter")),
    ]
    companions = count_demand(facts, TODAY).companions
    assert [name for name, _ in companions["lamp"]] == ["cup", "vase"]
    assert "jug" not in companions, "what one shopper did alone gives them away"
    assert all(0 < close <= 1 for others in companions.values() for _, close in others)


def test_what_sells_now_is_what_was_bought_most_of_late() -> None:
    facts = [
        *((f"a{at}", fact("purchase", "vase", age=30)) for at in range(5)),
        *((f"b{at}", fact("purchase", "cup", age=1)) for at in range(2)),
        *(("c", fact("purchase", "lamp")) for _ in range(9)),
        ("c", fact("view", "jug")),
    ]
    assert count_demand(facts, TODAY).selling == ("cup", "vase"), "one shopper is no demand"


def test_each_suggestion_has_its_reason_and_none_is_bought_sold_out_or_unknown() -> None:
    companions = {
        "lamp": [("cup", 0.5), ("gone", 0.4), ("jug", 0.3), ("away", 0.2)],
        "vase": [("jug", 0.9)],
    }
    demand = Demand(companions, ("jug", "rug", "cup", "gone"))
    known = Interests(viewed=("lamp", "vase"), bought=("cup",))
    assert suggest(known, demand, SHOP) == (
        ("jug", "goes with vase"),
        ("rug", "sells well"),
        ("fresh", "new"),
    )
    of_the_shop = (("jug", "sells well"), ("rug", "sells well"), ("cup", "sells well"))
    assert suggest(Interests(), demand, SHOP) == (*of_the_shop, ("fresh", "new"))
    assert suggest(Interests(), NO_DEMAND, SHOP) == (), "their persona decides"


def test_there_is_a_bound_to_what_is_counted_and_suggested() -> None:
    large = shop(*(product(f"p{at}") for at in range(300)))
    facts = [(f"s{at % 50}", fact("purchase", f"p{at // 50}")) for at in range(2_000)]
    demand = count_demand(facts, TODAY)
    assert len(demand.selling) == 20
    assert max(map(len, demand.companions.values())) == 12
    known = Interests(viewed=tuple(demand.companions))
    assert len(suggest(known._replace(viewed=known.viewed[:4]), demand, large)) <= 15


def test_purchases_held_out_are_found_more_often_than_without_others_and_than_the_popular() -> None:
    found = recall(500, 150)
    assert found.suggested > 2 * found.before
    assert found.suggested > 2 * found.popular


class Store:
    """A shop's latest facts, or none that can be read."""

    def __init__(self) -> None:
        self.broken = False
        self.reads = 0

    async def latest_facts(self, shop_id: str) -> Sequence[Row]:
        assert shop_id == SHOP.id
        self.reads += 1
        if self.broken:
            raise StorageError("no disk")
        bought = fact("purchase", "cup").as_json()
        return [{"shopper_id": name, "fact": bought} for name in "ab"]


@pytest.mark.anyio
async def test_demand_is_counted_now_and_then_for_which_the_first_page_alone_waits() -> None:
    store, clock = Store(), Clock()
    reader = DemandReader(store.latest_facts, clock, lambda: TODAY * 86_400.0)
    assert (await reader.of(SHOP)).selling == ("cup",)
    store.broken = True
    clock.now += FRESH
    assert (await reader.of(SHOP)).selling == ("cup",)
    await asyncio.to_thread(eventually, lambda: reader.counts["failed"] == 1)
    assert (await reader.of(SHOP)).selling == ("cup",), "it outlives the database"
    assert store.reads == 2


@pytest.mark.anyio
async def test_a_page_does_without_demand_that_cannot_be_read() -> None:
    store = Store()
    store.broken = True
    reader = DemandReader(store.latest_facts, Clock(), lambda: 0.0)
    assert [await reader.of(SHOP) for _ in range(2)] == [NO_DEMAND, NO_DEMAND]
    assert store.reads == 1, "until it is due again"
