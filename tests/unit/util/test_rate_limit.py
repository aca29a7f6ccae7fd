"""A pace: a burst, and then one by one; each name by itself."""

from __future__ import annotations

from app.util.rate_limit import Rate, RateLimiter
from tests.support.clock import Clock


def test_a_burst_is_free_and_the_next_one_waits() -> None:
    pace = RateLimiter(Rate(burst=3, seconds=2.0), Clock())
    assert [pace.acquire("a") for _ in range(5)] == [0, 0, 0, 2, 2]


def test_one_is_given_back_after_its_time() -> None:
    clock = Clock()
    pace = RateLimiter(Rate(burst=2, seconds=2.0), clock)
    assert [pace.acquire("a"), pace.acquire("a"), pace.acquire("a")] == [0, 0, 2]
    clock.now += 2
    assert [pace.acquire("a"), pace.acquire("a")] == [0, 2]
    clock.now += 100
    assert [pace.acquire("a"), pace.acquire("a"), pace.acquire("a")] == [0, 0, 2]


def test_being_refused_costs_nothing_more() -> None:
    clock = Clock()
    pace = RateLimiter(Rate(burst=1, seconds=5.0), clock)
    assert [pace.acquire("a") for _ in range(9)] == [0, *[5] * 8]
    clock.now += 5
    assert pace.acquire("a") == 0


def test_names_do_not_share() -> None:
    pace = RateLimiter(Rate(burst=1, seconds=5.0), Clock())
    assert [pace.acquire("a"), pace.acquire("b"), pace.acquire("a")] == [0, 0, 5]


def test_no_number_of_names_grows_the_memory() -> None:
    pace = RateLimiter(Rate(burst=1, seconds=1e9), Clock())
    for name in range(10_001):
        pace.acquire(str(name))
    assert pace.acquire("10000") > 0
    assert pace.acquire("0") == 0
