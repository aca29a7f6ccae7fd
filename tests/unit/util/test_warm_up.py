"""What is loaded late leaves the processor to the first visitors, until somebody needs it."""

from __future__ import annotations

import asyncio
import errno
import os

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


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_what_finds_no_descriptor_left_is_loaded_once_there_is_one(number: int) -> None:
    lack = OSError(number, os.strerror(number))
    untold = ImportError(os.strerror(errno.EMFILE))  # as of a library in C
    failures: list[Exception] = [lack, untold]

    def load() -> None:
        if failures:
            raise failures.pop()

    warm_up = WarmUp(load)
    await warm_up.wait()
    assert (failures, warm_up.failure) == ([], None)


async def test_any_other_failure_is_what_it_ended_with() -> None:
    def load() -> None:
        raise LookupError("what is there")

    warm_up = WarmUp(load)
    with pytest.raises(LookupError):
        await warm_up.wait()
    await asyncio.sleep(0)
    assert isinstance(warm_up.failure, LookupError)
