"""Statistics that one may look at every day, held to simulations of shops with known effects."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import accumulate
from math import comb, exp, inf, log, sqrt

import pytest

from app.insights.sequences import (
    ALPHA,
    FEWEST_VISITORS,
    PLANNED_VISITORS,
    POWER,
    SHARES_ALPHA,
    Sample,
    boundary,
    deviation_of,
    difference,
    power,
    shares_differ,
    visitors_needed,
)
from tests.support.sampling import sampled

BUYERS = 0.05
_LOCATION, _SCALE = 3.5, 0.6
BASKET = exp(_LOCATION + _SCALE**2 / 2)
SQUARE = exp(2 * _LOCATION + 2 * _SCALE**2)
"""The mean of what buyers pay, and of its square: log-normal, as baskets are."""


@cache
def chances(visitors: int, rate: float) -> list[float]:
    """Return how likely at most 0, 1, … of them buy."""
    each = (comb(visitors, n) * rate**n * (1 - rate) ** (visitors - n) for n in range(visitors + 1))
    return [*accumulate(each)]


def days(
    chance: random.Random, lift: float, visitors: int, of_control: int = 0
) -> Iterator[tuple[Sample, Sample]]:
    """Yield what an arm and its control have come to at the end of each day."""
    sums = [[0, 0.0, 0.0], [0, 0.0, 0.0]]
    while True:
        of_both = (visitors, of_control or visitors)
        for total, rate, number in zip(sums, (BUYERS * (1 + lift), BUYERS), of_both, strict=True):
            total[0] += number
            (buyers,) = chance.choices(range(number + 1), cum_weights=chances(number, rate))
            for _ in range(buyers):
                paid = chance.lognormvariate(_LOCATION, _SCALE)
                total[1] += paid
                total[2] += paid * paid
        arm, control = (Sample(int(total[0]), total[1], total[2]) for total in sums)
        yield arm, control


def called(chance: random.Random, lift: float, visitors: int, looks: int) -> bool:
    """Whether a difference is called at one of the looks."""
    found = days(chance, lift, visitors)
    return any(difference(*next(found)).called for _ in range(looks))


def test_of_a_thousand_experiments_without_a_difference_few_ever_call_one() -> None:
    chance = random.Random(20_261_126)  # noqa: S311 - the same ones every time
    runs = sampled(range(1_000))
    wrong = sum(called(chance, 0.0, 50, 28) for _ in runs)
    assert wrong <= len(runs) * ALPHA


def test_nor_do_they_where_a_small_holdout_has_hardly_a_buyer() -> None:
    chance = random.Random(4)  # noqa: S311 - likewise
    found = (days(chance, 0.0, 95, 5) for _ in range(400))
    wrong = sum(any(difference(*next(it)).called for _ in range(30)) for it in found)
    assert wrong <= 400 * ALPHA


def expected(visitors: float, lift: float) -> Sample:
    """Return what so many visitors come to on average."""
    buyers = visitors * BUYERS * (1 + lift)
    return Sample(round(visitors), buyers * BASKET, buyers * SQUARE)


@pytest.mark.parametrize(("lift", "of_control"), [(0.8, 50), (1.2, 50), (1.2, 5)])
def test_an_effect_is_called_as_often_as_was_computed(lift: float, of_control: int) -> None:
    effect, needed, deviation = BUYERS * lift * BASKET, 5_000, 0.0
    for _ in range(20):  # the deviation is that of so many visitors
        control = needed * of_control / 100
        deviation = deviation_of(expected(needed - control, lift), expected(control, 0))
        needed = visitors_needed(effect, deviation)
    looks = round(needed / 100)
    chance = random.Random(1)  # noqa: S311 - likewise
    found = (days(chance, lift, 100 - of_control, of_control) for _ in range(300))
    rate = sum(any(difference(*next(it)).called for _ in range(looks)) for it in found) / 300
    assert rate == pytest.approx(power(100 * looks, effect, deviation), abs=0.05)
    assert rate == pytest.approx(POWER, abs=0.05)


def test_the_effect_lies_within_its_interval_at_every_look() -> None:
    chance = random.Random(2)  # noqa: S311 - likewise
    effect = BUYERS * 0.5 * BASKET
    missed = 0
    for _ in range(200):
        found = days(chance, 0.5, 50)
        looks = [difference(*next(found)) for _ in range(28)]
        missed += not all(look.low <= effect <= look.high for look in looks)
    assert missed <= 200 * ALPHA


def test_the_boundary_is_that_of_the_published_sequence() -> None:
    """Theorem 2.2 of arXiv:2103.06476, in standard errors."""
    rho = (-2 * log(ALPHA) + log(-2 * log(ALPHA) + 1)) / PLANNED_VISITORS
    for visitors in (200, 5_000, 200_000):
        grown = visitors * rho
        margin = sqrt(2 * (grown + 1) / (visitors**2 * rho) * log(sqrt(grown + 1) / ALPHA))
        assert boundary(visitors) == pytest.approx(margin * sqrt(visitors))
    assert boundary(PLANNED_VISITORS) > 1.96, "the price of looking whenever one likes"


def test_nothing_is_said_of_few_visitors_or_of_shops_that_sold_nothing() -> None:
    few = Sample(FEWEST_VISITORS - 1, 500.0, 9_000.0)
    many = Sample(10_000, 5.0, 25.0)
    assert (difference(few, many).low, difference(few, many).high) == (-inf, inf)
    nothing = Sample(10_000, 0.0, 0.0)
    assert not difference(nothing, nothing).called
    assert visitors_needed(0.0, deviation_of(nothing, nothing), most=7) == 7


def test_wrong_shares_are_found_and_right_ones_are_not() -> None:
    assert shares_differ([10_400, 9_600], [0.5, 0.5]) < SHARES_ALPHA
    assert shares_differ([1_000, 9_600, 9_400], [0.05, 0.475, 0.475]) > SHARES_ALPHA
    assert shares_differ([0, 0], [0.5, 0.5]) == 1.0
    chance = random.Random(3)  # noqa: S311 - likewise
    alarms = 0
    for _ in range(300):
        counts = [0, 0]
        looks = []
        for _ in range(20):
            first = chance.getrandbits(100).bit_count()
            counts = [counts[0] + first, counts[1] + 100 - first]
            looks.append(shares_differ(counts, [0.5, 0.5]) < SHARES_ALPHA)
        alarms += any(looks)
    assert alarms <= 2, "looked at daily"
