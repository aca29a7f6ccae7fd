"""What is loaded late leaves the processor to the first visitors, until somebody needs it."""

from __future__ import annotations

import asyncio
import errno
import os

import pytest

from app.util import warm_up
from app.util.warm_up import WarmUp

pytestmark = pytest.mark.anyio


async def test_what_is_loaded_late_is_loaded_as_soon_as_somebody_waits_for_it() -> None:
    loaded: list[bool] = []
    late = WarmUp(lambda: loaded.append(True))
    late.start()
    for _ in range(100):
        await asyncio.sleep(0)
    assert not loaded
    await late.wait()
    await late.wait()
    assert loaded == [True]


async def test_what_nobody_waits_for_is_loaded_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(warm_up, "_REST", 0.05)
    loaded: list[bool] = []
    await WarmUp(lambda: loaded.append(True)).start()
    assert loaded == [True]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
async def test_what_finds_no_descriptor_left_is_loaded_once_there_is_one(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warm_up, "_PAUSE", 0.02)
    lack = OSError(number, os.strerror(number))
    untold = ImportError(os.strerror(errno.EMFILE))  # as of a library in C
    failures: list[Exception] = [lack, untold]

    def load() -> None:
        if failures:
            raise failures.pop()

    late = WarmUp(load)
    await late.wait()
    assert (failures, late.failure) == ([], None)


async def test_any_other_failure_is_what_it_ended_with() -> None:
    def load() -> None:
        raise LookupError("what is there")

    late = WarmUp(load)
    with pytest.raises(LookupError):
        await late.wait()
    await asyncio.sleep(0)
    assert isinstance(late.failure, LookupError)
