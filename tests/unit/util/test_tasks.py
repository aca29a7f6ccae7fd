"""Background tasks that go on for as long as the shop does."""

from __future__ import annotations

import asyncio

import pytest

from app.util.tasks import run_on

pytestmark = pytest.mark.anyio


async def test_what_fails_is_told_and_begins_anew(caplog: pytest.LogCaptureFixture) -> None:
    begun = 0

    async def run() -> None:
        nonlocal begun
        begun += 1
        if begun < 3:
            raise RuntimeError("no thread can be started")

    await run_on(run, "watch", pause=0.0)
    assert begun == 3
    assert [record.message for record in caplog.records] == ["watch failed, and begins anew"] * 2


async def test_what_is_cancelled_does_not_begin_anew() -> None:
    begun = 0

    async def run() -> None:
        nonlocal begun
        begun += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(run_on(run, "watch"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert begun == 1
