"""Interests: what facts say of a shopper's products, and whose are read at all."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from app.domain.facts import Fact
from app.domain.persona import NEWCOMER, Interests, PageKey, Persona, Shopper
from app.personas.demand import DemandReader
from app.personas.interests import interests, interests_of
from app.personas.key import PERSONAL_FROM, is_for_all, page_key
from app.storage.db.rows import Row
from app.storage.errors import StorageError
from app.storage.patience import Patience
from tests.support.factories import shop

pytestmark = pytest.mark.anyio


def key_of(persona: Persona, arm: str = "") -> PageKey:
    return page_key(Shopper("shop_1", "test", persona), arm)


KNOWN = key_of(Persona("bargain_hunter", PERSONAL_FROM / 100))


def fact(kind: str, *products: str, day: int = 1, seconds: int = 0) -> Fact:
    return Fact(kind, day, products=products, seconds=seconds)


class Facts:
    """Facts of one shopper, or none that can be read."""

    def __init__(self, *facts: Fact, broken: bool = False) -> None:
        self.read_for: list[str] = []
        self._facts = facts
        self._broken = broken

    async def facts_of(self, shopper_id: str) -> Sequence[Fact]:
        self.read_for.append(shopper_id)
        if self._broken:
            raise StorageError("no disk")
        return self._facts

    async def latest_facts(self, _: str) -> Sequence[Row]:
        return ()


async def read(facts: Facts | None, key: PageKey) -> Interests:
    demand = DemandReader((facts or Facts()).latest_facts, time.monotonic, time.time)
    return await interests_of(
        facts.facts_of if facts else None, Patience(5.0, time.monotonic), demand, key, shop()
    )


def test_what_was_viewed_on_most_days_comes_first_and_of_equals_the_latest() -> None:
    facts = [
        *(fact("view", "vase") for _ in range(5)),
        *(fact("view", "lamp", day=day) for day in (1, 2)),
        fact("view", "cup"),
    ]
    assert interests(facts).viewed == ("lamp", "cup", "vase")


def test_who_looks_for_long_views_and_who_glances_does_not() -> None:
    assert interests([fact("dwell", "lamp", seconds=40)]).viewed == ("lamp",)
    assert interests([fact("dwell", "lamp", seconds=2)]) == Interests()


def test_a_product_counts_once_for_what_was_done_with_it_last() -> None:
    viewed = [fact("view", "lamp"), fact("view", "cup"), fact("view", "vase")]
    chosen = [*viewed, fact("add_to_basket", "cup"), fact("add_to_basket", "lamp")]
    assert interests(chosen) == Interests(basket=("lamp", "cup"), viewed=("vase",))
    paid = [*chosen, fact("purchase", "cup"), fact("view", "cup", day=2)]
    assert interests(paid) == Interests(("lamp",), ("vase",), ("cup",))
    again = [*paid, fact("add_to_basket", "cup", day=3)]
    assert interests(again) == Interests(("cup", "lamp"), ("vase",))


def test_each_interest_has_its_word_and_nothing_else_has_one() -> None:
    mine = Interests(("lamp",), ("vase",), ("cup",))
    words = [mine.reason(name) for name in ("lamp", "vase", "cup", "jug")]
    assert words == ["put into basket", "viewed", "bought", ""]


async def test_a_known_shoppers_own_facts_are_read() -> None:
    facts = Facts(fact("view", "lamp"))
    assert await read(facts, KNOWN) == Interests(viewed=("lamp",))
    assert facts.read_for == ["shop_1"]


async def test_nothing_of_one_is_read_for_a_page_that_all_of_a_kind_share() -> None:
    facts = Facts(fact("view", "lamp"))
    too_little = Persona("bargain_hunter", (PERSONAL_FROM - 1) / 100)
    for key in (key_of(NEWCOMER), key_of(NEWCOMER, "try.1"), key_of(too_little)):
        assert is_for_all(key.persona_hash)
        assert await read(facts, key) == Interests()
    assert not is_for_all(key_of(Persona("explorer", 0.95), "try.1").persona_hash)
    assert await read(None, KNOWN) == Interests(), "where pages are personal at all"
    assert facts.read_for == []


async def test_a_page_does_without_facts_that_cannot_be_read() -> None:
    facts = Facts(broken=True)
    assert await read(facts, KNOWN) == Interests()
    assert facts.read_for == ["shop_1"]
