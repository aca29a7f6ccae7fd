"""Asking with care: who is asked again and when not, and what the house writes by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence

import pytest

from app.domain.limits import CallLimits
from app.domain.llm import (
    CallRefused,
    ModelEnded,
    ModelEvent,
    ModelFailed,
    ModelGap,
    ModelNotice,
    ModelText,
    Prompt,
)
from app.domain.persona import NEWCOMER
from app.llm.house import HouseModel
from app.llm.retry import ATTEMPTS, RetryingModel
from app.util.breaker import Breaker
from tests.support.factories import shop

pytestmark = pytest.mark.anyio

BRIEF = Prompt("instructions", "request", shop(), NEWCOMER, (), ("hero", "grid"))
RETRIED = ModelNotice("retried", "MODEL_UNAVAILABLE", "HTTP 503")
GOOD: tuple[ModelEvent, ...] = (ModelText("he"), ModelText("llo"), ModelEnded())


def failure(code: str = "MODEL_UNAVAILABLE", **facts: float | bool | None) -> ModelFailed:
    after = facts.get("retry_after")
    retryable = bool(facts.get("retryable", True))
    return ModelFailed(code, "HTTP 503", retryable=retryable, retry_after=after)


class Scripted:
    """Plays one script a call, the last for ever: events, then perhaps a failure."""

    name = "scripted"

    def __init__(self, *scripts: Sequence[ModelEvent | ModelFailed]) -> None:
        self.scripts = list(scripts)
        self.calls = 0
        self.closed = 0

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        assert brief is BRIEF
        script = self.scripts[min(self.calls, len(self.scripts) - 1)]
        self.calls += 1
        try:
            for step in script:
                if isinstance(step, ModelFailed):
                    raise step
                yield step
        finally:
            self.closed += 1


def careful(inner: Scripted, pause: float = 0.0) -> RetryingModel:
    return RetryingModel(inner, Breaker(lambda: 0.0), pause)


async def answer(composer: RetryingModel) -> list[ModelEvent]:
    return [event async for event in composer.compose(BRIEF)]


async def test_a_good_answer_passes_through_piece_by_piece() -> None:
    inner = Scripted(GOOD)
    composer = careful(inner)
    assert await answer(composer) == list(GOOD)
    assert (inner.calls, composer.name) == (1, "scripted")
    assert not composer.counts


async def test_a_failure_before_any_text_is_tried_once_more() -> None:
    inner = Scripted([failure()], GOOD)
    composer = careful(inner)
    assert await answer(composer) == [RETRIED, *GOOD]
    assert composer.counts == {"MODEL_UNAVAILABLE": 1, "HTTP 503": 1, "retried": 1}


async def test_there_are_two_attempts_and_no_third() -> None:
    inner = Scripted([failure("RATE_LIMITED")], [failure("TIMEOUT")], GOOD)
    composer = careful(inner)
    with pytest.raises(ModelFailed, match="TIMEOUT"):
        await answer(composer)
    assert inner.calls == ATTEMPTS == 2
    assert composer.counts == {"RATE_LIMITED": 1, "TIMEOUT": 1, "HTTP 503": 2, "retried": 1}


async def test_between_the_attempts_there_is_a_pause() -> None:
    inner = Scripted([failure()], GOOD)
    asking = asyncio.create_task(answer(careful(inner, 0.02)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert inner.calls == 1
    await asking
    assert inner.calls == 2


def test_the_pause_is_the_contracts() -> None:
    assert CallLimits().retry_pause == 1.0


async def test_once_text_has_come_there_is_no_second_attempt() -> None:
    inner = Scripted([ModelText("he"), failure()], GOOD)
    composer = careful(inner)
    answering = composer.compose(BRIEF)
    assert await anext(answering) == ModelText("he")
    with pytest.raises(ModelFailed):
        await anext(answering)
    assert inner.calls == 1
    assert composer.counts == {"MODEL_UNAVAILABLE": 1, "HTTP 503": 1}


async def test_what_is_no_text_does_not_stand_in_the_way_of_a_second_attempt() -> None:
    inner = Scripted([ModelGap(), failure()], GOOD)
    assert await answer(careful(inner)) == [ModelGap(), RETRIED, *GOOD]


async def test_what_would_fail_again_is_not_tried_again() -> None:
    inner = Scripted([failure(retryable=False)], GOOD)
    with pytest.raises(ModelFailed):
        await answer(careful(inner))
    assert inner.calls == 1


@pytest.mark.parametrize(("after", "calls"), [(0.0, 2), (10.001, 1), (3600.0, 1), (None, 2)])
async def test_retry_after_is_obeyed_up_to_ten_seconds(after: float | None, calls: int) -> None:
    inner = Scripted([failure(retry_after=after)], GOOD)
    asking = asyncio.create_task(answer(careful(inner)))
    await asyncio.wait({asking})
    assert inner.calls == calls
    assert (asking.exception() is None) == (calls == 2)


@pytest.mark.parametrize("after", [10.0, 5.0])
async def test_a_retry_after_within_ten_seconds_is_waited_for(after: float) -> None:
    inner = Scripted([failure(retry_after=after)], GOOD)
    asking = asyncio.create_task(answer(careful(inner)))
    await asyncio.wait({asking}, timeout=0.02)
    assert not asking.done()
    assert inner.calls == 1
    asking.cancel()


async def test_retry_after_takes_the_place_of_the_pause() -> None:
    inner = Scripted([failure(retry_after=0.0)], GOOD)
    async with asyncio.timeout(5):
        assert await answer(careful(inner, pause=60)) == [RETRIED, *GOOD]


# ------------------------------------------------------------------ the breaker


async def test_an_open_breaker_refuses_without_asking_and_is_counted() -> None:
    inner = Scripted([failure(retryable=False)])
    composer = careful(inner)
    for _ in range(5):
        with pytest.raises(ModelFailed):
            await answer(composer)
    with pytest.raises(ModelFailed, match="breaker") as refused:
        await answer(composer)
    assert isinstance(refused.value, CallRefused)
    assert refused.value.code == "MODEL_UNAVAILABLE"
    assert inner.calls == 5
    assert composer.counts["breaker_open"] == 1


async def test_a_breaker_that_opens_between_two_attempts_refuses_the_second() -> None:
    inner = Scripted([failure()])
    composer = careful(inner)
    for _ in range(3):
        with pytest.raises(ModelFailed):
            await answer(composer)
    assert inner.calls == 5
    assert composer.breaker.state == "open"
    assert composer.counts["breaker_open"] == 1


async def test_good_answers_close_the_breaker_again() -> None:
    now = [0.0]
    inner = Scripted([failure(retryable=False)])
    composer = RetryingModel(inner, Breaker(lambda: now[0]), 0)
    for _ in range(5):
        with pytest.raises(ModelFailed):
            await answer(composer)
    inner.scripts = [GOOD]
    now[0] = 30.0
    for state in ("half_open", "half_open", "closed"):
        await answer(composer)
        assert composer.breaker.state == state


async def test_an_answer_that_its_reader_left_frees_its_place_and_is_closed() -> None:
    inner = Scripted([failure(retryable=False)])
    now = [0.0]
    composer = RetryingModel(inner, Breaker(lambda: now[0]), 0)
    for _ in range(5):
        with pytest.raises(ModelFailed):
            await answer(composer)
    inner.scripts, inner.closed, now[0] = [GOOD], 0, 30.0
    reading = composer.compose(BRIEF)
    assert await anext(reading) == ModelText("he")
    assert not composer.breaker.admit()
    await reading.aclose()
    assert inner.closed == 1
    assert composer.breaker.admit()


async def test_a_call_that_was_not_made_says_nothing_of_the_provider() -> None:
    inner = Scripted([CallRefused("BUDGET_SPENT", "no money")])
    composer = careful(inner)
    for _ in range(9):
        with pytest.raises(CallRefused, match="BUDGET_SPENT"):
            await answer(composer)
    assert composer.breaker.state == "closed"
    assert inner.calls == 9, "none of them was tried a second time"


# ------------------------------------------------------------------ what operators are told


async def fail(composer: RetryingModel) -> None:
    with pytest.raises(ModelFailed):
        await answer(composer)


async def test_a_failure_that_will_not_pass_is_told_at_once() -> None:
    composer = careful(Scripted([failure(retryable=False)]))
    assert composer.trouble == ""
    await fail(composer)
    assert composer.trouble == "failing (HTTP 503)"


async def test_one_that_may_pass_is_told_when_it_comes_twice_in_a_row() -> None:
    composer = careful(Scripted([ModelText("he"), failure()]))
    await fail(composer)
    assert composer.trouble == ""
    await fail(composer)
    assert composer.trouble == "failing (HTTP 503)"


async def test_a_provider_that_is_left_alone_is_told_of_with_the_reason() -> None:
    composer = careful(Scripted([failure(retryable=False)]))
    for _ in range(5):
        await fail(composer)
    assert composer.trouble == "resting (HTTP 503)"


async def test_after_a_good_answer_there_is_nothing_to_tell() -> None:
    inner = Scripted([failure(retryable=False)], GOOD)
    composer = careful(inner)
    await fail(composer)
    await answer(composer)
    assert composer.trouble == ""


async def test_a_call_that_was_not_made_is_no_trouble_of_the_providers() -> None:
    composer = careful(Scripted([CallRefused("BUDGET_SPENT", "no money")]))
    for _ in range(3):
        await fail(composer)
    assert composer.trouble == ""
    assert composer.counts == {"BUDGET_SPENT": 3}


async def test_every_failed_attempt_leaves_a_line_that_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level("WARNING", "wandstore.models"):
        await fail(careful(Scripted([failure()])))
    told = {"model": "scripted", "code": "MODEL_UNAVAILABLE", "reason": "HTTP 503"}
    assert [record.msg for record in caplog.records] == [
        {"event": "model_failed", **told}
    ] * ATTEMPTS


# ------------------------------------------------------------------ the house


def item(kind: str) -> dict[str, object]:
    return {"type": kind, "id": kind, "config": {"text": f"Für {kind}, “quoted”"}}


async def house_text(brief: Prompt) -> tuple[list[ModelText], ModelEvent]:
    kinds = ("hero", "filters", "grid", "cta")
    composer = HouseModel(lambda _: [item(kind) for kind in kinds], pace=0)
    *texts, end = [event async for event in composer.compose(brief)]
    return [event for event in texts if isinstance(event, ModelText)], end


async def test_the_houses_pieces_join_to_json_with_only_the_asked_slots() -> None:
    texts, end = await house_text(BRIEF)
    written = json.loads("".join(piece.text for piece in texts))
    assert written == {"components": [item("hero"), item("grid")]}
    assert end == ModelEnded()
    assert len(texts) > 1


async def test_the_house_writes_an_empty_list_where_nothing_is_asked() -> None:
    texts, _ = await house_text(Prompt("", "", shop(), NEWCOMER, (), ()))
    assert json.loads("".join(piece.text for piece in texts)) == {"components": []}


def test_the_house_says_its_name() -> None:
    assert HouseModel(lambda _: []).name == "house"
