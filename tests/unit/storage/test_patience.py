"""A page waits once for what is stored, and for a moment."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from app.storage.errors import StorageError
from app.storage.kv.retrying import RetryingKv
from app.storage.patience import REST, Patience
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

PATIENCE = 0.05


class Silent:
    """Holds a value and says nothing until it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.asked = 0

    async def get(self, _: str) -> bytes | None:
        self.asked += 1
        await self.go.wait()
        return b"x"

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        raise AssertionError((key, value, ttl))

    async def delete(self, key: str) -> None:
        raise AssertionError(key)


async def test_what_does_not_come_in_time_is_not_waited_for_again_until_later() -> None:
    silent, clock = Silent(), Clock()
    patience = Patience(PATIENCE, clock)
    for _ in range(3):
        with pytest.raises(StorageError):
            await patience.read(lambda: silent.get("a"))
    assert silent.asked == 1
    clock.now += REST
    silent.go.set()
    assert await patience.read(lambda: silent.get("a")) == b"x"


async def test_a_page_goes_without_and_who_works_behind_it_does_not() -> None:
    silent, clock = Silent(), Clock()
    kv = RetryingKv(silent, clock, patience=Patience(PATIENCE, clock))
    assert await kv.get("a", soon=True) is None
    assert (kv.is_unread("a"), kv.counts) == (True, {"kv_read_failed": 1})
    reading = asyncio.create_task(kv.get("a"))
    await asyncio.sleep(0)
    silent.go.set()
    assert await reading == b"x"
    assert not kv.is_unread("a")


async def test_a_loop_that_is_late_itself_hands_over_what_has_come() -> None:
    read = threading.Event()

    def hold() -> None:
        read.wait(10)
        time.sleep(2 * PATIENCE)

    async def ask() -> str:
        asyncio.get_running_loop().call_soon(hold)
        await asyncio.to_thread(read.set)
        for _ in range(3):  # as a driver hands on what it has read, while others are as busy
            time.sleep(PATIENCE / 5)  # noqa: ASYNC251
            await asyncio.sleep(0)
        return "here"

    assert await Patience(PATIENCE, Clock()).read(ask) == "here"
