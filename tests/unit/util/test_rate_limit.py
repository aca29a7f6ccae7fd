"""A pace: a burst, and then one by one; each name by itself."""

from __future__ import annotations

from app.util.rate_limit import Allowance, Pace
from tests.support.clock import Clock


def test_a_burst_is_free_and_the_next_one_waits() -> None:
    pace = Pace(Allowance(burst=3, seconds=2.0), Clock())
    assert [pace.take("a") for _ in range(5)] == [0, 0, 0, 2, 2]


def test_one_is_given_back_after_its_time() -> None:
    clock = Clock()
    pace = Pace(Allowance(burst=2, seconds=2.0), clock)
    assert [pace.take("a"), pace.take("a"), pace.take("a")] == [0, 0, 2]
    clock.now += 2
    assert [pace.take("a"), pace.take("a")] == [0, 2]
    clock.now += 100
    assert [pace.take("a"), pace.take("a"), pace.take("a")] == [0, 0, 2]


def test_being_refused_costs_nothing_more() -> None:
    clock = Clock()
    pace = Pace(Allowance(burst=1, seconds=5.0), clock)
    assert [pace.take("a") for _ in range(9)] == [0, *[5] * 8]
    clock.now += 5
    assert pace.take("a") == 0


def test_names_do_not_share() -> None:
    pace = Pace(Allowance(burst=1, seconds=5.0), Clock())
    assert [pace.take("a"), pace.take("b"), pace.take("a")] == [0, 0, 5]


def test_no_number_of_names_grows_the_memory() -> None:
    pace = Pace(Allowance(burst=1, seconds=1e9), Clock())
    for name in range(10_001):
        pace.take(str(name))
    assert pace.take("10000") > 0
    assert pace.take("0") == 0
