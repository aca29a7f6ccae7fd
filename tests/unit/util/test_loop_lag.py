"""How late the loop is: one hiccup is nothing, being late again and again is."""

from __future__ import annotations

import asyncio
import time

import pytest

from app.util.loop_lag import LoopLag

pytestmark = pytest.mark.anyio

LATE = 0.2


async def test_a_loop_that_is_kept_busy_is_late_and_one_hiccup_is_nothing() -> None:
    seen: list[float] = []
    lag = LoopLag(time.monotonic, seen.append)
    looking = asyncio.create_task(lag.run())
    await asyncio.sleep(0)
    time.sleep(LATE)  # noqa: ASYNC251 - to keep the loop is the matter
    assert lag.seconds() < LATE / 2
    while lag.seconds() < LATE / 2:
        await asyncio.sleep(0)
        time.sleep(2 * LATE)  # noqa: ASYNC251 - likewise
    looking.cancel()
    assert max(seen) >= LATE
