"""How late the loop is: one hiccup is nothing, being late again and again is."""

from __future__ import annotations

import pytest

from app.util.loop_lag import EVERY, LoopLag

LATE = 0.2


def test_a_loop_that_is_kept_busy_is_late_and_one_hiccup_is_nothing() -> None:
    seen: list[float] = []
    now = 100.0
    lag = LoopLag(lambda: now, seen.append)
    lag.look()
    now += EVERY + LATE
    lag.look()
    assert lag.seconds() == 0
    for _ in range(4):
        now += EVERY + LATE
        lag.look()
    assert lag.seconds() == pytest.approx(LATE)
    now += EVERY / 2
    lag.look()
    assert seen == pytest.approx([0, *[LATE] * 5, 0])
