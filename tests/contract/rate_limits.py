"""Vectors of rate limits: who asks when, and how long each has to wait."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.util.rate_limit import Rate, RateLimiter

_SEED = 20_261_126


class Case(NamedTuple):
    """Calls of keys at times (seconds), under a rate."""

    name: str
    rate: Rate
    calls: tuple[tuple[str, float], ...]


def _cases() -> Iterator[Case]:
    rate = Rate(2, 10)
    yield Case("a burst, then one at a time", rate, tuple(("a", at) for at in (0, 0, 0, 9, 10, 10)))
    yield Case("each key its own", rate, (("a", 0), ("a", 0), ("b", 0), ("a", 0), ("b", 0)))
    yield Case("all back after a while", rate, tuple(("a", at) for at in (0, 0, 20, 20, 20)))
    yield Case("no more than a burst, however long", rate, tuple(("a", 1e6) for _ in range(3)))
    yield Case("a clock that goes back", rate, (("a", 100), ("a", 50), ("a", 50), ("a", 100)))
    yield Case("hostile keys", Rate(1, 1), tuple((key, 0) for key in ("", "__proto__", "a", "a")))
    chance = random.Random(_SEED)  # noqa: S311 - the same ones every time
    for rate in (Rate(30, 2), Rate(240, 0.25), Rate(5, 60)):
        now, calls = 1_800_000_000.0, []
        for _ in range(300):
            now += chance.random() * rate.seconds * 0.8
            calls.append((chance.choice("ab"), round(now, 3)))
        yield Case(f"a burst of {rate.burst}", rate, tuple(calls))


def waits(case: Mapping[str, Any]) -> list[float]:
    """Return how long each call has to wait."""
    now = 0.0
    limiter = RateLimiter(Rate(**case["rate"]), lambda: now)
    found = []
    for key, at in case["calls"]:
        now = at
        found.append(limiter.acquire(key))
    return found


def vectors() -> list[Mapping[str, Any]]:
    """Return rates and calls with the waits."""
    cases = [{**case._asdict(), "rate": case.rate._asdict()} for case in _cases()]
    return [{**case, "waits": waits(case)} for case in cases]
