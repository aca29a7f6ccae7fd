"""What models may cost: a budget that holds whatever happens at once, and is remembered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.domain.limits import Spending
from app.domain.llm import (
    CallRefused,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    Prompt,
    TokensUsed,
)
from app.domain.network import Client, rate_limit_key
from app.domain.persona import NEWCOMER
from app.llm.budget import Budget
from app.llm.metered import MeteredModel
from tests.support.clock import Clock
from tests.support.drawer import Drawer
from tests.support.factories import shop

pytestmark = pytest.mark.anyio

MOST = 1_000


def brief(shop_id: str = "test", client: Client = Client(), tokens: int = 100) -> Prompt:
    sold = shop(shop_id=shop_id)
    return Prompt("i", "r", sold, NEWCOMER, (), ("hero",), tokens=tokens, client=client)


def purse(drawer: Drawer | None = None, clock: Clock | None = None, **limits: int) -> Budget:
    return Budget(Spending(**limits), drawer or Drawer(), clock or Clock())


async def paid(purse: Budget, asked: Prompt | None = None, most: int = MOST) -> str:
    """Try to pay for a call; return why that could not be done."""
    try:
        await purse.reserve(asked or brief(), most)
    except CallRefused as no:
        return no.code
    return ""


async def test_calls_are_paid_for_until_the_budget_is_spent() -> None:
    money = purse(calls=3)
    assert [await paid(money) for _ in range(5)] == ["", "", "", "BUDGET_SPENT", "BUDGET_SPENT"]
    assert money.counts == {"BUDGET_SPENT": 2}


async def test_each_shop_has_a_budget_of_its_own() -> None:
    money = purse(calls=1)
    assert [await paid(money, brief(name)) for name in ("a", "b", "a")] == ["", "", "BUDGET_SPENT"]


@pytest.mark.parametrize("limit", ["calls", "all_calls"])
async def test_instances_together_spend_no_more_than_is_set(limit: str) -> None:
    limits = Spending(instances=3)._replace(**{limit: 7})
    purses = [Budget(limits, Drawer(), Clock()) for _ in range(3)]
    outcomes = [await paid(money) for money in purses for _ in range(5)]
    assert outcomes.count("") == 6
    assert limits.share.address_calls == Spending().address_calls
    assert Spending().share == Spending()


async def test_calls_that_are_under_way_count_with_all_they_may_cost() -> None:
    money = purse(tokens=2_500)
    outcomes = await asyncio.gather(*(paid(money) for _ in range(4)))
    assert sorted(outcomes) == ["", "", "BUDGET_SPENT", "BUDGET_SPENT"]


async def test_what_a_call_did_not_use_is_given_back() -> None:
    money = purse(tokens=2_500)
    bills = [await money.reserve(brief(), MOST) for _ in range(2)]
    assert await paid(money) == "BUDGET_SPENT"
    bills[0](10)
    assert money.left("test") == (998, 2_500 - MOST - 10)
    assert await paid(money) == ""


async def test_the_hour_slides() -> None:
    clock = Clock()
    money = purse(clock=clock, calls=2)
    assert await paid(money) == ""
    clock.now += 1800
    assert [await paid(money) for _ in range(2)] == ["", "BUDGET_SPENT"]
    clock.now += 1800
    assert [await paid(money) for _ in range(2)] == ["", "BUDGET_SPENT"]


@pytest.mark.parametrize("back", [90, 7200])
async def test_a_clock_that_is_put_back_gives_nothing_back(back: int) -> None:
    clock = Clock()
    money = purse(clock=clock, calls=2)
    assert await paid(money) == ""
    clock.now -= back
    assert [await paid(money) for _ in range(2)] == ["", "BUDGET_SPENT"]
    clock.now += 3600
    assert await paid(money) == ""


async def test_a_restart_forgets_nothing_that_was_spent() -> None:
    drawer = Drawer()
    before = purse(drawer, calls=2)
    assert [await paid(before) for _ in range(2)] == ["", ""]
    await before.flush()
    assert await paid(purse(drawer, calls=2)) == "BUDGET_SPENT"


async def test_where_calls_wait_for_it_a_process_that_is_killed_has_paid_for_all_it_made() -> None:
    drawer = Drawer()
    before = Budget(Spending(calls=2), drawer, Clock(), wait=20)
    assert [await paid(before) for _ in range(2)] == ["", ""]
    assert await paid(purse(drawer, calls=2)) == "BUDGET_SPENT"


class Stuck(Drawer):
    """Takes nothing, and does not say so."""

    async def put(self, *_: object) -> None:
        await asyncio.Event().wait()


async def test_a_call_does_not_wait_for_ever_and_one_that_was_not_made_costs_nothing() -> None:
    money = Budget(Spending(calls=2, tokens=9 * MOST), Stuck(), Clock(), wait=0.01)
    assert await paid(money) == ""
    money = Budget(Spending(calls=2, tokens=9 * MOST), Stuck(), Clock(), wait=20)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await money.reserve(brief(), MOST)
    assert money.left("test") == (2, 9 * MOST)


@pytest.mark.parametrize("kept", [b"", b"nonsense", b"[[1]]", b'{"a":1}', b"[[null,1,2]]"])
async def test_a_ledger_that_makes_no_sense_is_an_empty_one(kept: bytes) -> None:
    drawer = Drawer()
    drawer.kept["test"] = kept
    assert await paid(purse(drawer)) == ""


async def test_shoppers_of_one_address_are_limited_and_new_ones_sooner() -> None:
    money = purse(new_calls=2, address_calls=4)
    new, known = brief(client=Client("192.0.2.7", new=True)), brief(client=Client("192.0.2.7"))
    assert [await paid(money, new) for _ in range(3)] == ["", "", "ADDRESS_LIMIT"]
    assert [await paid(money, known) for _ in range(3)] == ["", "", "ADDRESS_LIMIT"]
    assert await paid(money, brief(client=Client("192.0.2.8", new=True))) == ""
    assert await paid(money, brief()) == ""
    assert money.left("test")[0] == 1_000 - 6, "what was refused cost nothing"


@pytest.mark.parametrize(
    ("limit", "client"),
    [
        ("calls", Client()),
        ("all_calls", Client()),
        ("address_calls", Client("192.0.2.7")),
        ("new_calls", Client("192.0.2.7", new=True)),
    ],
)
async def test_what_nobody_has_asked_for_leaves_a_quarter_to_visits(
    limit: str, client: Client
) -> None:
    money = Budget(Spending(**{limit: 4}), Drawer(), Clock())
    ahead = brief(client=client._replace(ahead=True))
    assert [not await paid(money, ahead) for _ in range(4)] == [True, True, True, False]
    assert await paid(money, brief(client=client)) == ""
    assert await paid(money, brief(client=client))


async def test_all_shops_together_have_a_budget_as_well() -> None:
    money = purse(all_calls=2)
    assert [await paid(money, brief(name)) for name in "abc"] == ["", "", "BUDGET_SPENT"]
    money = purse(all_tokens=2 * MOST)
    assert [await paid(money, brief(name)) for name in "abc"] == ["", "", "BUDGET_SPENT"]


async def test_shops_that_come_with_requests_have_one_budget() -> None:
    money = purse(calls=2)

    def made_up(name: str) -> Prompt:
        asked = brief(name)
        return asked._replace(shop=asked.shop._replace(inline=True))

    assert [await paid(money, made_up(name)) for name in "abc"] == ["", "", "BUDGET_SPENT"]
    assert await paid(money, brief("a")) == "", "ours have their own"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("no address", "no address"),
        ("x" * 500, "x" * 64),
    ],
)
def test_an_ipv6_customer_is_one_whatever_address_they_take(address: str, network: str) -> None:
    assert rate_limit_key(address) == network


class Says:
    """A composer that says a few things and ends, or fails."""

    name = "says"

    def __init__(self, *steps: ModelEvent | ModelFailed) -> None:
        self._steps = steps

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        assert brief.tokens
        for step in self._steps:
            if isinstance(step, ModelFailed):
                raise step
            yield step


def broken(tokens: TokensUsed) -> ModelFailed:
    failure = ModelFailed("MODEL_UNAVAILABLE", "cut", retryable=True)
    failure.tokens = tokens
    return failure


@pytest.mark.parametrize(
    ("steps", "cost"),
    [
        ([ModelText("x" * 40), ModelEnded("stop", TokensUsed(70, 30))], 100),
        ([ModelText("x" * 40), ModelEnded("stop")], 100 + 10),
        ([ModelText("x" * 40), broken(TokensUsed())], 100 + 10),
        ([ModelText("x" * 40), broken(TokensUsed(90, 5))], 95),
        ([broken(TokensUsed())], 0),
    ],
    ids=["as told", "estimated", "broken off", "broken off but told", "never begun"],
)
async def test_a_call_costs_what_the_provider_says_or_what_it_must_have_been(
    steps: list[ModelEvent | ModelFailed], cost: int
) -> None:
    money = purse(tokens=100_000)
    composer = MeteredModel("says", lambda: Says(*steps), money, MOST)
    try:
        async for _ in composer.compose(brief()):
            pass
    except ModelFailed:
        pass
    assert money.left("test")[1] == 100_000 - cost


async def test_an_answer_that_is_left_in_the_middle_is_charged_as_far_as_it_was_heard() -> None:
    money = purse(tokens=100_000)
    answer = MeteredModel(
        "says", lambda: Says(ModelText("x" * 400), ModelEnded()), money, MOST
    ).compose(brief())
    await anext(answer)
    await answer.aclose()
    assert money.left("test")[1] == 100_000 - 200
