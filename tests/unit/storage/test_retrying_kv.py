"""Writing with care: a key's turn, three attempts, every failure counted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from app.storage.errors import InvalidPair, StorageError
from app.storage.kv.retrying import ATTEMPTS, UNWRITTEN, RetryingKv, pause_before
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

BROKEN = StorageError("kv.sqlite: disk I/O error")


class FakeKv:
    """Keeps what it is given and fails as it is told, once a word of `faults`."""

    def __init__(self, faults: Sequence[Exception | None] = ()) -> None:
        self.faults = list(faults)
        self.asked: list[tuple[str, bytes]] = []
        self.kept: dict[str, bytes] = {}

    def _fail(self) -> None:
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault

    async def get(self, key: str) -> bytes | None:
        self._fail()
        return self.kept.get(key)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        assert ttl == 3600
        self.asked.append((key, value))
        self._fail()
        self.kept[key] = value

    async def delete(self, key: str) -> None:
        self.kept.pop(key, None)


async def test_a_check_writes_what_could_not_be_written_and_a_failure_that_goes_on_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inner = FakeKv([BROKEN] * (2 * ATTEMPTS + 1))
    kv = RetryingKv(inner, Clock(), pause=0.0, between_writes=0.0)
    await kv.check()
    for key in ("a", "b"):
        assert not await kv.put(key, b"x", 3600)
    assert len(caplog.records) == 1
    assert "disk I/O error" in caplog.text
    with pytest.raises(StorageError):
        await kv.check()
    await kv.check()
    assert inner.kept == {"b": b"x"}
    await turns()
    assert inner.kept == {"b": b"x", "a": b"x"}, "where one can be, the others can"


async def turns() -> None:
    """Let everything happen that waits for nothing but the loop."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_value_goes_through_at_once_and_nothing_is_counted() -> None:
    inner = FakeKv()
    kv = RetryingKv(inner, Clock())
    await kv.put("a", b"x", 3600)
    assert inner.asked == [("a", b"x")]
    assert await kv.get("a") == b"x"
    assert not kv.counts


async def test_a_second_write_of_a_key_waits_for_the_next_second() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 0.95
    second = asyncio.create_task(kv.put("a", b"2", 3600))
    await turns()
    assert inner.asked == [("a", b"1")]
    await second
    assert inner.asked == [("a", b"1"), ("a", b"2")]


async def test_a_key_whose_second_has_passed_does_not_wait() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 1
    writing = asyncio.create_task(kv.put("a", b"2", 3600))
    await turns()
    assert writing.done()


async def test_another_key_does_not_wait() -> None:
    inner = FakeKv()
    kv = RetryingKv(inner, Clock())
    await kv.put("a", b"1", 3600)
    writing = asyncio.create_task(kv.put("b", b"2", 3600))
    await turns()
    assert writing.done()


async def test_of_those_who_wait_for_a_key_only_the_last_is_written() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 0.98
    await asyncio.gather(*(kv.put("a", value, 3600) for value in (b"2", b"3", b"4")))
    assert inner.asked == [("a", b"1"), ("a", b"4")]


async def test_a_value_that_replaced_one_that_waited_takes_no_turn_of_its_own() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 0.98
    await asyncio.gather(kv.put("a", b"2", 3600), kv.put("a", b"3", 3600))
    clock.now += 1.02
    writing = asyncio.create_task(kv.put("a", b"4", 3600))
    await turns()
    assert writing.done()


async def test_one_who_stops_waiting_does_not_take_the_value_along() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 0.98
    first = asyncio.create_task(kv.put("a", b"2", 3600))
    await turns()
    first.cancel()
    await kv.put("a", b"3", 3600)
    assert inner.kept["a"] == b"3"


async def test_all_who_waited_hear_that_the_write_failed() -> None:
    inner, clock = FakeKv([None, *[BROKEN] * 3]), Clock()
    kv = RetryingKv(inner, clock, pause=0)
    await kv.put("a", b"1", 3600)
    clock.now += 0.98
    waiting = (kv.put("a", value, 3600) for value in (b"2", b"3"))
    assert await asyncio.gather(*waiting) == [False, False]
    assert kv.counts["kv_write_failed"] == 1


async def test_a_deleted_pair_does_not_come_back_with_a_value_that_waited() -> None:
    inner, clock = FakeKv(), Clock()
    kv = RetryingKv(inner, clock)
    await kv.put("a", b"1", 3600)
    clock.now += 0.98
    waiting = asyncio.create_task(kv.put("a", b"2", 3600))
    await turns()
    await kv.delete("a")
    await asyncio.wait({waiting}, timeout=1)
    assert inner.kept == {}


async def test_a_retry_does_not_put_an_old_value_over_a_newer_one() -> None:
    inner, clock = FakeKv([BROKEN]), Clock()
    kv = RetryingKv(inner, clock, pause=0.02)
    old = asyncio.create_task(kv.put("a", b"old", 3600))
    await turns()
    clock.now += 1
    await kv.put("a", b"new", 3600)
    await asyncio.wait({old})
    assert inner.kept["a"] == b"new"


async def test_a_write_that_fails_is_tried_again_and_counted() -> None:
    inner = FakeKv([BROKEN, BROKEN])
    kv = RetryingKv(inner, Clock(), pause=0)
    assert await kv.put("a", b"x", 3600)
    assert inner.kept == {"a": b"x"}
    assert kv.counts == {"kv_write_retried": 2}


async def test_after_three_attempts_a_write_has_failed_and_is_counted() -> None:
    inner = FakeKv([BROKEN] * 9)
    kv = RetryingKv(inner, Clock(), pause=0)
    assert not await kv.put("a", b"x", 3600)
    assert len(inner.asked) == ATTEMPTS == 3
    assert kv.counts["kv_write_failed"] == 1


async def test_a_write_that_was_not_tried_again_is_not_counted_as_if_it_were() -> None:
    kv = RetryingKv(FakeKv([BROKEN] * 9), Clock(), pause=0)
    assert not await kv.put("a", b"x", 3600)
    assert kv.counts["kv_write_retried"] == ATTEMPTS - 1


async def test_a_refused_value_is_not_tried_again() -> None:
    inner = FakeKv([InvalidPair("too large")])
    kv = RetryingKv(inner, Clock(), pause=0)
    assert not await kv.put("a", b"x", 3600)
    assert len(inner.asked) == 1
    assert kv.counts == {"kv_write_failed": 1}


async def test_a_kv_that_cannot_be_read_holds_nothing_and_is_counted() -> None:
    kv = RetryingKv(FakeKv([BROKEN]), Clock())
    assert await kv.get("a") is None
    assert kv.counts == {"kv_read_failed": 1}


async def test_a_failure_that_is_not_the_storages_is_not_hidden() -> None:
    kv = RetryingKv(FakeKv([RuntimeError("a fault of ours")]), Clock(), pause=0)
    with pytest.raises(RuntimeError):
        await kv.put("a", b"x", 3600)


async def test_a_deleted_pair_is_gone() -> None:
    inner = FakeKv()
    kv = RetryingKv(inner, Clock())
    await kv.put("a", b"x", 3600)
    await kv.delete("a")
    assert await kv.get("a") is None


async def test_a_retry_that_succeeds_late_keeps_the_next_write_a_second_away() -> None:
    inner, clock = FakeKv([BROKEN]), Clock()
    kv = RetryingKv(inner, clock, pause=0.3)
    writing = asyncio.create_task(kv.put("a", b"1", 3600))
    await turns()
    clock.now += 0.9
    await writing
    clock.now += 0.2
    second = asyncio.create_task(kv.put("a", b"2", 3600))
    await turns()
    went_ahead = second.done()
    second.cancel()
    assert not went_ahead


@pytest.mark.parametrize(
    ("attempt", "asked", "pause"),
    [(1, 0, 1), (2, 0, 2), (1, 7, 7), (2, 7, 7), (2, 1.5, 2), (1, 300, 10)],
)
def test_a_pause_grows_and_is_as_long_as_was_asked_for_within_bounds(
    attempt: int, asked: float, pause: float
) -> None:
    assert pause_before(attempt, 1.0, asked) == pause


async def test_asked_to_wait_we_wait() -> None:
    inner = FakeKv([StorageError("kv: HTTP 429", retry_after=0.2)])
    writing = asyncio.create_task(RetryingKv(inner, Clock(), pause=0).put("a", b"x", 3600))
    await turns()
    assert len(inner.asked) == 1
    await writing
    assert inner.kept == {"a": b"x"}


async def test_what_could_not_be_written_is_kept_in_memory_for_its_time() -> None:
    clock = Clock()
    kv = RetryingKv(FakeKv([BROKEN] * 3), clock, pause=0)
    await kv.put("a", b"x", 3600)
    assert await kv.get("a") == b"x"
    clock.now += 3601
    assert await kv.get("a") is None


async def test_a_value_that_is_written_at_last_takes_the_place_of_the_one_in_memory() -> None:
    inner, clock = FakeKv([BROKEN] * 3), Clock()
    kv = RetryingKv(inner, clock, pause=0)
    await kv.put("a", b"old", 3600)
    clock.now += 1
    await kv.put("a", b"new", 3600)
    inner.kept["a"] = b"from elsewhere"
    assert await kv.get("a") == b"from elsewhere"


async def test_what_is_makeshift_takes_the_place_of_nothing_that_could_not_be_read() -> None:
    inner = FakeKv([BROKEN] * 3)
    inner.kept["a"] = b"paid for"
    kv = RetryingKv(inner, Clock(), pause=0)
    assert await kv.get("a") is None
    assert not await kv.put("a", b"makeshift", 120, makeshift=True)
    assert await kv.get("a") == b"makeshift", "it still cannot be read"
    await kv.check()
    assert await kv.get("b") is None
    assert [await kv.get("a"), await kv.get("a")] == [b"paid for"] * 2
    assert inner.asked == []


async def test_what_is_makeshift_is_kept_where_there_is_nothing() -> None:
    inner = FakeKv([BROKEN])
    kv = RetryingKv(inner, Clock(), pause=0)
    assert [await kv.get("a"), await kv.get("a")] == [None, None]
    assert await kv.put("a", b"makeshift", 3600, makeshift=True)
    assert inner.kept == {"a": b"makeshift"}


async def test_what_could_not_be_written_is_as_soon_as_something_is() -> None:
    inner = FakeKv([BROKEN] * 3 * ATTEMPTS)
    kv = RetryingKv(inner, Clock(), pause=0, between_writes=0)
    for key in ("a", "b", "c"):
        assert not await kv.put(key, b"x", 3600)
    await kv.put("d", b"x", 3600)
    await turns()
    assert inner.kept == dict.fromkeys("abcd", b"x")


async def test_a_deleted_pair_does_not_stay_in_memory() -> None:
    kv = RetryingKv(FakeKv([BROKEN] * 3), Clock(), pause=0)
    await kv.put("a", b"x", 3600)
    await kv.delete("a")
    assert await kv.get("a") is None


async def test_what_is_kept_in_memory_is_bounded_and_the_oldest_goes() -> None:
    kv = RetryingKv(FakeKv([BROKEN] * 9), Clock(), pause=0)
    half = bytes(UNWRITTEN // 2)
    for key in ("a", "b", "c"):
        await kv.put(key, half, 3600)
    assert [await kv.get(key) for key in ("a", "b", "c")] == [None, half, half]


async def test_a_value_that_comes_while_one_looks_for_it_is_found() -> None:
    looking, go_on = asyncio.Event(), asyncio.Event()

    class SlowToFind(FakeKv):
        async def get(self, key: str) -> bytes | None:
            found = self.kept.get(key)
            looking.set()
            await go_on.wait()
            return found

    kv = RetryingKv(SlowToFind(), Clock())
    reading = asyncio.create_task(kv.get("a"))
    await looking.wait()
    writing = asyncio.create_task(kv.put("a", b"x", 3600))
    go_on.set()
    assert await reading == b"x"
    await writing
