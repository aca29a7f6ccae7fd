"""One answer for all who ask the same at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from app.domain.llm import (
    CallRefused,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelText,
    Prompt,
    TokensUsed,
)
from app.domain.network import Client
from app.domain.persona import NEWCOMER
from app.llm.coalesce import CoalescingModel
from tests.support.factories import shop

pytestmark = pytest.mark.anyio

SPENT = TokensUsed(10, 5, 2)


def brief(request: str = "request") -> Prompt:
    return Prompt("instructions", request, shop(), NEWCOMER, (), ("hero",))


class Held:
    """Opens a bracket, waits to be released, closes it; counts calls and departures."""

    name = "held"

    def __init__(self) -> None:
        self.calls = 0
        self.left = 0
        self.fails = False
        self.go_on = asyncio.Event()

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        assert brief.slots
        self.calls += 1
        try:
            yield ModelText("{one ")
            await self.go_on.wait()
            if self.fails:
                raise ModelFailed("TIMEOUT", "no text in time", retryable=True)
            yield ModelText("two}")
            yield ModelEnded("stop", SPENT)
        except (asyncio.CancelledError, GeneratorExit):
            self.left += 1
            raise


async def answer(composer: CoalescingModel, request: str = "request") -> list[ModelEvent]:
    return await hear(composer, brief(request))


async def hear(composer: CoalescingModel, asked: Prompt) -> list[ModelEvent]:
    return [event async for event in composer.compose(asked)]


async def turns() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_equal_briefs_cost_one_call_and_all_hear_the_whole_answer() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    first = asyncio.create_task(answer(shared))
    await turns()
    late = asyncio.create_task(answer(shared))
    await turns()
    inner.go_on.set()
    said = [ModelText("{one "), ModelText("two}")]
    assert await first == [*said, ModelEnded("stop", SPENT)]
    assert await late == [*said, ModelEnded("stop", TokensUsed())]
    assert inner.calls == 1


async def test_different_briefs_are_asked_apart() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    inner.go_on.set()
    await asyncio.gather(answer(shared, "a"), answer(shared, "b"))
    assert inner.calls == 2


async def test_unlike_shoppers_do_not_share_although_they_are_told_the_same() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    inner.go_on.set()
    asked = (brief()._replace(persona_hash=kind) for kind in ("a", "b", "a"))
    await asyncio.gather(*(hear(shared, one) for one in asked))
    assert inner.calls == 2


class Doorkeeper:
    """Lets nobody of one address in; tells all others what they came for, once let go on."""

    name = "doorkeeper"

    def __init__(self) -> None:
        self.go_on = asyncio.Event()

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        await self.go_on.wait()
        if brief.client.address == "crowded":
            raise CallRefused("ADDRESS_LIMIT", "too many")
        yield ModelEnded("stop", SPENT)


async def test_who_waited_beside_one_that_is_limited_asks_for_themselves() -> None:
    inner = Doorkeeper()
    shared = CoalescingModel(inner)
    limited = asyncio.create_task(hear(shared, brief()._replace(client=Client("crowded"))))
    await turns()
    waiting = [asyncio.create_task(hear(shared, brief())) for _ in range(3)]
    await turns()
    inner.go_on.set()
    with pytest.raises(CallRefused):
        await limited
    spent = [
        ended.tokens for [ended] in await asyncio.gather(*waiting) if isinstance(ended, ModelEnded)
    ]
    assert sorted(spent) == [TokensUsed(), TokensUsed(), SPENT]


async def test_an_answer_that_is_over_is_not_given_again() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    inner.go_on.set()
    await answer(shared)
    assert (await answer(shared))[-1] == ModelEnded("stop", SPENT)
    assert inner.calls == 2


async def test_a_failure_is_told_to_all_who_asked() -> None:
    inner = Held()
    inner.fails = True
    shared = CoalescingModel(inner)
    asking = [asyncio.create_task(answer(shared)) for _ in range(3)]
    await turns()
    inner.go_on.set()
    outcomes = await asyncio.gather(*asking, return_exceptions=True)
    assert [getattr(item, "code", None) for item in outcomes] == ["TIMEOUT"] * 3


async def test_one_reader_who_leaves_takes_nothing_from_the_others() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    first, second = (asyncio.create_task(answer(shared)) for _ in range(2))
    await turns()
    first.cancel()
    await turns()
    inner.go_on.set()
    assert len(await second) == 3


async def test_when_the_last_reader_leaves_the_answer_is_given_up() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    asking = asyncio.create_task(answer(shared))
    await turns()
    asking.cancel()
    await turns()
    assert inner.left == 1


async def test_who_asks_as_the_last_reader_leaves_gets_an_answer_of_their_own() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    reading = shared.compose(brief())
    await anext(reading)
    inner.go_on.set()
    await reading.aclose()
    assert len(await answer(shared)) == 3


async def test_an_answer_given_up_as_soon_as_it_was_asked_for_does_not_hold_up_the_next() -> None:
    inner = Held()
    shared = CoalescingModel(inner)
    asking = asyncio.create_task(answer(shared))
    asyncio.get_running_loop().call_soon(asking.cancel)
    await asyncio.wait({asking})
    inner.go_on.set()
    async with asyncio.timeout(1):
        assert len(await answer(shared)) == 3


class Talker:
    """Says these texts, one in each turn of the event loop, and breaks off."""

    name = "talker"

    def __init__(self, *texts: str) -> None:
        self.texts = texts

    async def compose(self, _: Prompt) -> AsyncGenerator[ModelEvent, None]:
        for text in self.texts:
            await asyncio.sleep(0)
            yield ModelText(text)
        raise ModelFailed("TIMEOUT", "no text in time", retryable=True)


async def test_text_is_handed_on_with_the_bracket_that_may_complete_something() -> None:
    talker = Talker("some ", 'prose {"a"', ": ", '"b"', "}", "and", "x" * 5000, "the ", "rest")
    events = CoalescingModel(talker).compose(brief())
    heard = [await anext(events) for _ in range(4)]
    with pytest.raises(ModelFailed):
        await anext(events)
    texts = ['some prose {"a"', ': "b"}', "and" + "x" * 5000, "the rest"]
    assert heard == list(map(ModelText, texts))
