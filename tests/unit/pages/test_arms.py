"""Arms that stop themselves: a canary that refuses more, costs more or is slower than it may."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from app.domain.experiments import NO_ARM, POINTS, Arm, ArmLimits, Experiment, Experiments
from app.domain.llm import TokensUsed
from app.domain.persona import Persona, Shopper
from app.generation.trace import Trace
from app.pages.arms import FEWEST_PAGES, Arms
from app.personas.cache import ShopperCache
from app.storage.kv.retrying import RetryingKv
from app.storage.patience import Patience
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

SHOPPER = Shopper("shop_1", "demo")
KEY = "copy.next"


class Pairs(dict[str, bytes]):
    """A KV in memory."""

    async def get(self, key: str) -> bytes | None:  # type: ignore[override]
        return super().get(key)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        assert ttl
        self[key] = value

    async def delete(self, key: str) -> None:
        del self[key]


async def persona_of(shopper_id: str, shop_id: str) -> Persona:
    """Is not to be asked."""
    raise AssertionError((shopper_id, shop_id))


def arms(pairs: Pairs, **limits: float) -> Arms:
    canary = Arm("next", "model", POINTS, limits=ArmLimits(**limits))
    experiments = Experiments((Experiment("copy", POINTS, (canary,)),))
    return Arms(experiments, RetryingKv(pairs, Clock()), lambda: 0.0)


def page(refused: int = 0, tokens: int = 0, seconds: float = 0.0) -> Trace:
    clock = Clock()
    trace = Trace("page", "demo", "newcomer", clock)
    clock.now += seconds
    trace.tokens = TokensUsed(prompt=tokens)
    trace.counts = Counter({"refused:URL_IN_COPY": refused, "drawn:hero": 5})
    return trace


@pytest.mark.parametrize(
    ("limits", "bad"),
    [
        ({"refused": 0.5}, page(refused=1)),
        ({"tokens": 3_000.0}, page(tokens=3_100)),
        ({"seconds": 8.0}, page(seconds=8.5)),
    ],
)
async def test_a_canary_that_turns_bad_stops_itself_and_says_so(
    limits: dict[str, float], bad: Trace, caplog: pytest.LogCaptureFixture
) -> None:
    pairs = Pairs()
    canary = arms(pairs, **limits)
    for _ in range(FEWEST_PAGES - 1):
        await canary.finished(KEY, bad)
    assert canary.of(SHOPPER).key == KEY, "a few pages prove nothing"
    await canary.finished(KEY, bad)
    assert canary.of(SHOPPER) == NO_ARM
    (limit,) = limits
    assert canary.stopped[KEY].startswith(f"{limit} ")
    assert "arm_stopped" in caplog.text
    again = arms(pairs, **limits)
    await again.load()
    assert again.of(SHOPPER) == NO_ARM, "it stays so after a restart"


async def test_a_canary_that_has_stopped_stays_so_when_the_file_is_read_again() -> None:
    pairs = Pairs()
    canary, fresh = arms(pairs, refused=0.5), arms(pairs, refused=0.5)
    for _ in range(FEWEST_PAGES):
        await canary.finished(KEY, page(refused=1))
    assert fresh.of(SHOPPER).key == KEY
    await fresh.replace(canary.experiments)
    assert fresh.of(SHOPPER) == NO_ARM, "another process has stopped it"
    await canary.replace(canary.experiments)
    assert canary.of(SHOPPER) == NO_ARM
    await canary.replace(arms(Pairs(), refused=0.9).experiments._replace(running=()))
    assert canary.stopped == {}


def test_shoppers_are_assigned_anew_where_the_clock_is_put_back_before_an_experiment() -> None:
    clock, arm = Clock(), Arm("next", "model", POINTS)
    coming = Experiments((Experiment("copy", POINTS, (arm,), begins=clock.now - 1),))
    given = Arms(coming, RetryingKv(Pairs(), clock), clock)
    now = given.edition
    assert given.edition == now
    clock.now -= 2
    assert given.edition == now + 1


async def test_processes_that_stop_an_arm_each_keep_both_stopped() -> None:
    pairs, clock = Pairs(), Clock()
    both = (
        Arm("next", "model", POINTS // 2, limits=ArmLimits(refused=0.5)),
        Arm("other", "model", POINTS, limits=ArmLimits(refused=0.5)),
    )
    experiments = Experiments((Experiment("copy", POINTS, both),))
    one, two, fresh = (Arms(experiments, RetryingKv(pairs, clock), lambda: 0.0) for _ in range(3))
    for _ in range(FEWEST_PAGES):
        await one.finished("copy.next", page(refused=1))
        await two.finished("copy.other", page(refused=1))
    looking = asyncio.create_task(fresh.run(0.0))
    for _ in range(100):  # turns of the loop, in which it looks many times
        await asyncio.sleep(0)
    looking.cancel()
    assert fresh.stopped.keys() == {"copy.next", "copy.other"}


async def test_what_is_kept_of_stopped_arms_and_cannot_be_read_stops_none() -> None:
    for kept in (b"[", b"7", b"[1]"):
        pairs = Pairs()
        await pairs.put("experiments:stopped", kept, 60)
        arms_now = arms(pairs, refused=0.9)
        await arms_now.load()
        assert arms_now.stopped == {}


async def test_who_is_remembered_has_another_arm_once_an_experiment_begins_ends_or_stops() -> None:
    clock = Clock()
    clock.now = 0.0
    canary = Arm("next", "model", POINTS, limits=ArmLimits(refused=0.5))
    trial = Experiment("copy", POINTS, (canary,), begins=100.0, ends=200.0)
    trials = Arms(Experiments((trial,)), RetryingKv(Pairs(), clock), lambda: clock.now)
    shoppers = ShopperCache(persona_of, lambda: 0.0, Patience(1.0, clock), trials)
    shoppers.put(Shopper(SHOPPER.id, "demo"))

    def arm_at(moment: float) -> str:
        clock.now = moment
        known = shoppers.cached(SHOPPER.id, "demo")
        assert known is not None
        return known.arm.key

    assert [arm_at(moment) for moment in (99.9, 100.0, 199.9, 200.0)] == ["", KEY, KEY, ""]
    await trials.replace(Experiments((trial._replace(ends=300.0),)))
    assert arm_at(200.0) == KEY
    for _ in range(FEWEST_PAGES):
        await trials.finished(KEY, page(refused=1))
    assert arm_at(200.0) == ""


async def test_a_canary_within_its_limits_goes_on() -> None:
    canary = arms(Pairs(), refused=0.5, tokens=3_000.0, seconds=8.0)
    for _ in range(2 * FEWEST_PAGES):
        await canary.finished(KEY, page(tokens=2_900, seconds=7.9))
    assert canary.of(SHOPPER).key == KEY
    assert canary.stopped == {}
