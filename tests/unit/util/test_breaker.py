"""The breaker's states, as a table of what happens to it and what it then lets through."""

from __future__ import annotations

import pytest

from app.util.breaker import Breaker, BreakerLimits, BreakerState
from tests.support.cases import each


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def after(steps: str, clock: Clock) -> Breaker:
    """Return a breaker to which this has happened.

    `f`, `s` and `g` are calls that fail, succeed and are given up; `r` is a rest of 30 s, `w` one
    that is a little shorter.
    """
    breaker = Breaker(clock)
    judge = {"f": breaker.failed, "s": breaker.succeeded, "g": breaker.given_up}
    for step in steps:
        if step in judge:
            permit = breaker.admit()
            assert permit, f"{step} in {steps}"
            judge[step](permit)
        else:
            clock.now += 30.0 if step == "r" else 29.9
    return breaker


@each(
    ("steps", "state"),
    [
        ("", "closed"),
        ("ffff", "closed"),
        ("fffff", "open"),
        ("ffffsffff", "closed"),
        ("ffffgf", "open"),
        ("fgfgfgfg", "closed"),
        ("fffffw", "open"),
        ("fffffr", "half_open"),
        ("fffffrr", "half_open"),
        ("fffffrss", "half_open"),
        ("fffffrsss", "closed"),
        ("fffffrssgs", "closed"),
        ("fffffrgggg", "half_open"),
        ("fffffrf", "open"),
        ("fffffrssf", "open"),
        ("fffffrfw", "open"),
        ("fffffrfr", "half_open"),
        ("fffffrssfrss", "half_open"),
        ("fffffrsssffff", "closed"),
        ("fffffrsssfffff", "open"),
    ],
)
def test_the_state_follows_from_what_happened(steps: str, state: BreakerState) -> None:
    assert after(steps, Clock()).state == state


def test_the_numbers_are_the_contracts() -> None:
    assert BreakerLimits() == BreakerLimits(failures=5, cooldown=30.0, successes=3)


def test_a_closed_breaker_lets_any_number_through() -> None:
    breaker = Breaker(Clock())
    assert all(breaker.admit() for _ in range(100))


def test_an_open_breaker_lets_nothing_through() -> None:
    breaker = after("fffff", Clock())
    assert not any(breaker.admit() for _ in range(100))


@pytest.mark.parametrize("judge", ["succeeded", "given_up"])
def test_a_half_open_breaker_lets_one_call_through_at_a_time(judge: str) -> None:
    breaker = after("fffffr", Clock())
    permit, *others = [breaker.admit() for _ in range(3)]
    assert permit
    assert others == [None, None]
    getattr(breaker, judge)(permit)
    assert [bool(breaker.admit()) for _ in range(3)] == [True, False, False]


def test_looking_at_the_state_takes_no_place() -> None:
    breaker = after("fffffr", Clock())
    assert [breaker.state for _ in range(3)] == ["half_open"] * 3
    assert breaker.admit()


def test_a_failure_while_half_open_rests_the_whole_time_again() -> None:
    clock = Clock()
    breaker = after("fffffrf", clock)
    clock.now += 29.9
    assert not breaker.admit()
    clock.now += 0.1
    assert breaker.admit()


def test_calls_that_were_under_way_when_it_opened_do_not_prolong_its_rest() -> None:
    clock = Clock()
    breaker = after("", clock)
    permits = [breaker.admit() or 0 for _ in range(8)]
    assert all(permits)
    for permit in permits[:5]:
        breaker.failed(permit)
    clock.now += 20
    for permit in permits[5:]:
        breaker.failed(permit)
    clock.now += 10
    assert breaker.state == "half_open"


@pytest.mark.parametrize("judge", ["succeeded", "failed", "given_up"])
def test_a_call_from_before_the_rest_says_nothing_about_the_one_on_trial(judge: str) -> None:
    clock = Clock()
    breaker = Breaker(clock)
    permits = [breaker.admit() or 0 for _ in range(6)]
    for permit in permits[:5]:
        breaker.failed(permit)
    clock.now += 30
    assert breaker.admit()
    getattr(breaker, judge)(permits[5])
    assert breaker.state == "half_open"
    assert not breaker.admit()
