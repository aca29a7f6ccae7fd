"""Sequential statistics: intervals that stay valid however often the figures are looked at.

The interval of a difference is the asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha,
Kennedy and Ramdas, "Time-uniform central limit theory and asymptotic confidence sequences", Annals
of Statistics 52 (2024), arXiv:2103.06476, theorem 2.2, over the influence of each visitor on the
difference of two means. The test of shares is the sequential multinomial test of Lindon and Malek,
"Anytime-valid inference for multinomial count data", NeurIPS 2022, arXiv:2011.03567.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erf, exp, inf, lgamma, log, sqrt
from typing import NamedTuple

ALPHA = 0.05
"""How often a difference may be called, at any look ever, where there is none."""

POWER = 0.8
PLANNED_VISITORS = 5_000
"""Visitors of both arms at which the intervals are to be tightest."""

FEWEST_VISITORS = 100
"""Of each arm, below which nothing is said: the sequence holds asymptotically."""

SHARES_ALPHA = 0.001
_VARIANCE_WEIGHT = 200.0
"""How many visitors an arm has when its variance counts as much as that of both arms."""

_PRIOR_WEIGHT = 1_000.0
"""How firmly the test of shares believes in the planned ones, in visitors."""


class Sample(NamedTuple):
    """What is known of the visitors of an arm: how many, the sum of a value, and of its squares."""

    visitors: int
    total: float
    squares: float

    @property
    def mean(self) -> float:
        """The value a visitor."""
        return self.total / self.visitors if self.visitors else 0.0

    @property
    def variance(self) -> float:
        """The variance of the value among visitors."""
        if self.visitors < 2:  # noqa: PLR2004 - one value has none
            return 0.0
        return max(0.0, self.squares / self.visitors - self.mean**2)


def variances(arm: Sample, control: Sample) -> tuple[float, float]:
    """Return the variance of each arm, drawn towards that of both: less so the more it is of.

    A small arm of which nobody has bought yet would seem to be known exactly.
    """
    visitors, total, squares = (one + other for one, other in zip(arm, control, strict=True))
    both = Sample(int(visitors), total, squares).variance
    own, others = (
        (it.visitors * it.variance + _VARIANCE_WEIGHT * both) / (it.visitors + _VARIANCE_WEIGHT)
        for it in (arm, control)
    )
    return own, others


class Difference(NamedTuple):
    """How much more a visitor of one arm brings than of another, and the interval around it."""

    estimate: float
    low: float
    high: float

    @property
    def called(self) -> bool:
        """Whether there is a difference."""
        return self.low > 0 or self.high < 0


def difference(arm: Sample, control: Sample, alpha: float = ALPHA) -> Difference:
    """Return the difference of means with its interval, which is endless with few visitors."""
    estimate = arm.mean - control.mean
    visitors, deviation = arm.visitors + control.visitors, deviation_of(arm, control)
    if min(arm.visitors, control.visitors) < FEWEST_VISITORS or not deviation:
        return Difference(estimate, -inf, inf)
    margin = deviation / sqrt(visitors) * boundary(visitors, alpha)
    return Difference(estimate, estimate - margin, estimate + margin)


def boundary(visitors: float, alpha: float = ALPHA) -> float:
    """Return how many standard errors the interval reaches after so many visitors.

    The parameter of the sequence is that which makes it tightest at PLANNED_VISITORS.
    """
    rho_squared = (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / PLANNED_VISITORS
    grown = visitors * rho_squared
    return sqrt(2 * (grown + 1) / grown * log(sqrt(grown + 1) / alpha))


def power(visitors: int, effect: float, deviation: float, alpha: float = ALPHA) -> float:
    """Return the chance that a difference is called within so many visitors of both arms.

    `deviation` is that of one visitor's influence on the difference. The sum of influences is taken
    for a Brownian motion with drift and the boundary for its tangent there, which it hardly leaves
    where a crossing is likely.
    """
    drift, end = abs(effect) / deviation, float(visitors)

    def height(at: float) -> float:
        return boundary(at, alpha) * sqrt(at)

    slope = (height(end * 1.001) - height(end * 0.999)) / (0.002 * end)
    start = height(end) - slope * end
    ahead = (drift - slope) * sqrt(end)
    reflected = exp(min(700.0, 2 * start * (drift - slope)))
    return _normal(ahead - start / sqrt(end)) + reflected * _normal(-ahead - start / sqrt(end))


def visitors_needed(
    effect: float, deviation: float, alpha: float = ALPHA, *, most: int = 100_000_000
) -> int:
    """Return the visitors of both arms with which an effect is called with POWER."""
    if not effect or not deviation:
        return most
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        if power(middle, effect, deviation, alpha) >= POWER:
            high = middle
        else:
            low = middle + 1
    return low


def deviation_of(arm: Sample, control: Sample) -> float:
    """Return the standard deviation of one visitor's influence on the difference of means."""
    own, others = variances(arm, control)
    parts = own / max(1, arm.visitors) + others / max(1, control.visitors)
    return sqrt((arm.visitors + control.visitors) * parts)


def shares_differ(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Return the p-value of visitors being assigned as planned, valid at every look."""
    total = sum(counts)
    priors = [_PRIOR_WEIGHT * share for share in shares]
    evidence = lgamma(sum(priors)) - lgamma(sum(priors) + total)
    for count, share, prior in zip(counts, shares, priors, strict=True):
        evidence += lgamma(prior + count) - lgamma(prior) - count * log(share)
    return min(1.0, exp(-min(evidence, 700.0)))


def _normal(value: float) -> float:
    return 0.5 * (1 + erf(value / sqrt(2)))
