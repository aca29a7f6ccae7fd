"""What is loaded late leaves the processor to the first visitors, until somebody needs it."""

from __future__ import annotations

import asyncio

import pytest

from app.util.warm_up import WarmUp

pytestmark = pytest.mark.anyio


async def test_what_is_loaded_late_is_loaded_as_soon_as_somebody_waits_for_it() -> None:
    loaded: list[bool] = []
    warm_up = WarmUp(lambda: loaded.append(True))
    warm_up.start()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not loaded
    await warm_up.wait()
    await warm_up.wait()
    assert loaded == [True]


async def test_what_nobody_waits_for_is_loaded_all_the_same() -> None:
    loaded: list[bool] = []
    await WarmUp(lambda: loaded.append(True)).start()
    assert loaded == [True]
