"""KV in a SQLite file: pairs that expire, within bounds, whole whatever happens to the process."""

from __future__ import annotations

import json
import random
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from app.settings import ROOT
from app.storage.errors import StorageError
from app.storage.kv.sqlite import SqliteKv
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kv(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteKv]:
    made = SqliteKv(tmp_path / "kv.sqlite", clock, most_pairs=3)
    await made.open()
    yield made
    await made.close()


async def test_what_was_put_is_got(kv: SqliteKv) -> None:
    await kv.put("a", b"\x00value\xff", 60)
    assert await kv.get("a") == b"\x00value\xff"


async def test_a_key_that_was_never_put_has_no_value(kv: SqliteKv) -> None:
    assert await kv.get("a") is None


async def test_the_last_value_of_a_key_counts(kv: SqliteKv) -> None:
    await kv.put("a", b"old", 60)
    await kv.put("a", b"new", 60)
    assert await kv.get("a") == b"new"


async def test_a_pair_lives_exactly_as_long_as_it_was_told(kv: SqliteKv, clock: Clock) -> None:
    await kv.put("a", b"x", 60)
    clock.now += 59.999
    assert await kv.get("a") == b"x"
    clock.now += 0.001
    assert await kv.get("a") is None


async def test_putting_again_begins_a_new_life(kv: SqliteKv, clock: Clock) -> None:
    await kv.put("a", b"x", 60)
    clock.now += 59
    await kv.put("a", b"x", 60)
    clock.now += 59
    assert await kv.get("a") == b"x"


async def test_a_deleted_pair_is_gone_and_deleting_again_is_no_fault(kv: SqliteKv) -> None:
    await kv.put("a", b"x", 60)
    await kv.delete("a")
    await kv.delete("a")
    assert await kv.get("a") is None


async def test_pairs_outlive_the_process_that_put_them(tmp_path: Path, clock: Clock) -> None:
    for value in (None, b"x"):
        kv = SqliteKv(tmp_path / "kv.sqlite", clock)
        await kv.open()
        assert await kv.get("a") == value
        await kv.put("a", b"x", 60)
        await kv.close()


async def test_a_write_takes_as_many_steps_however_many_pairs_there_are(
    tmp_path: Path, clock: Clock
) -> None:
    kv = SqliteKv(tmp_path / "kv.sqlite", clock)
    await kv.open()
    steps: list[int] = []

    def step() -> int:
        steps.append(1)
        return 0

    await kv.run(lambda file: file.set_progress_handler(step, 1))
    taken = []
    for number in range(1000):
        steps.clear()
        await kv.put(f"key-{number}", b"x", 60)
        taken.append(len(steps))
    await kv.close()
    assert taken[-1] < 2 * taken[1]


async def test_the_pairs_nearest_their_end_give_way(kv: SqliteKv) -> None:
    for key, ttl in (("a", 90), ("b", 60), ("c", 80), ("d", 70)):
        await kv.put(key, b"x", ttl)
    assert [await kv.get(key) for key in "abcd"] == [b"x", None, b"x", b"x"]


async def test_expired_pairs_give_way_first(kv: SqliteKv, clock: Clock) -> None:
    for key in "abc":
        await kv.put(key, b"x", 60)
    clock.now += 61
    for key in "def":
        await kv.put(key, b"x", 60)
    assert [await kv.get(key) for key in "def"] == [b"x"] * 3
    assert kv.counts == {"kv_gave_way": 3}


async def test_expired_pairs_are_removed_a_few_at_a_time(tmp_path: Path, clock: Clock) -> None:
    kv = SqliteKv(tmp_path / "kv.sqlite", clock)
    await kv.open()
    for number in range(120):
        await kv.put(f"old-{number}", b"x", 60)
    clock.now += 60
    await kv.put("new", b"x", 60)
    assert [await kv.expire() for _ in range(4)] == [50, 50, 20, 0]
    assert await kv.get("new") == b"x"
    await kv.close()


async def test_values_beyond_so_many_bytes_give_way(tmp_path: Path, clock: Clock) -> None:
    kv = SqliteKv(tmp_path / "kv.sqlite", clock, most_bytes=1_000)
    await kv.open()
    for key, ttl in (("a", 90), ("b", 60), ("c", 80)):
        await kv.put(key, b"x" * 400, ttl)
    assert [await kv.get(key) is not None for key in "abc"] == [True, False, True]
    await kv.put("a", b"x" * 900, 95)
    assert [await kv.get(key) is not None for key in "abc"] == [True, False, False]
    assert kv.counts == {"kv_gave_way": 2}
    await kv.close()


def totals(path: Path) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return how much is kept as the file states it, and as it is counted."""
    counted = "SELECT count(*), coalesce(sum(length(value)), 0) FROM pairs"
    with closing(sqlite3.connect(path)) as other:
        return (
            other.execute("SELECT pairs, bytes FROM totals").fetchall(),
            other.execute(counted).fetchall(),
        )


async def test_the_file_states_how_much_it_keeps_whatever_was_done(
    tmp_path: Path, clock: Clock
) -> None:
    path, chance = tmp_path / "kv.sqlite", random.Random(7)  # noqa: S311 - a repeatable choice
    kv = SqliteKv(path, clock, most_pairs=20, most_bytes=3_000)
    await kv.open()
    for _ in range(300):
        key = f"key-{chance.randrange(40)}"
        await kv.put(key, b"x" * chance.randrange(300), 60 + chance.randrange(60))
        if chance.random() < 0.1:
            await kv.delete(f"key-{chance.randrange(40)}")
            await kv.expire()
        clock.now += 1
    stated, counted = totals(path)
    assert stated == counted
    assert 0 < stated[0][0] <= 20
    await kv.close()


async def test_a_file_that_does_not_state_it_yet_is_counted_once(
    tmp_path: Path, clock: Clock
) -> None:
    path = tmp_path / "kv.sqlite"
    with closing(sqlite3.connect(path)) as old, old:
        old.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB, expires_at REAL)")
        old.execute("INSERT INTO pairs VALUES ('a', x'0102', 2000), ('b', x'03', 2000)")
    kv = SqliteKv(path, clock)
    await kv.open()
    await kv.put("a", b"12345", 60)
    assert totals(path)[0] == [(2, 6)]
    await kv.close()


# ------------------------------------------------------------------ faults name the file


async def test_a_file_that_is_no_database_is_named(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "kv.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    with pytest.raises(StorageError, match=re.escape(str(path))):
        await SqliteKv(path, clock).open()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "kv.sqlite"
    with pytest.raises(StorageError, match=re.escape(str(path))):
        await SqliteKv(path, clock).open()


async def test_a_file_that_was_not_opened_is_named(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "kv.sqlite"
    with pytest.raises(StorageError, match=re.escape(str(path))):
        await SqliteKv(path, clock).get("a")


async def test_a_file_that_was_closed_is_named(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "kv.sqlite"
    kv = SqliteKv(path, clock)
    await kv.open()
    await kv.close()
    with pytest.raises(StorageError, match=re.escape(str(path))):
        await kv.get("a")


async def test_a_table_that_went_missing_is_named_with_its_file(
    kv: SqliteKv, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "kv.sqlite")
    other.execute("DROP TABLE pairs")
    other.close()
    with pytest.raises(StorageError, match=re.escape(str(tmp_path / "kv.sqlite"))):
        await kv.get("a")


# ------------------------------------------------------------------ kill -9

_WRITER = """
import asyncio, json, sys, time
from pathlib import Path
from app.storage.kv.sqlite import SqliteKv

async def main() -> None:
    kv = SqliteKv(Path(sys.argv[1]), time.time)
    await kv.open()
    for number in range(1_000_000):
        value = json.dumps([number] * 2_000).encode()
        await kv.put(f"key-{number % 7}", value, 3600)
        print(number, flush=True)

asyncio.run(main())
"""


def write_until_killed(path: Path, chance: random.Random) -> int:
    """Return the last number that the writer said it had kept before it was killed."""
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(path)], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(chance.randrange(1, 40)):
        writer.stdout.readline()
    threading.Event().wait(chance.random() * 0.01)
    writer.send_signal(signal.SIGKILL)
    said = writer.communicate()[0].split(b"\n")[:-1]
    return int(said[-1]) if said else -1


@pytest.mark.process
async def test_a_killed_writer_leaves_a_sound_file_with_whole_values(tmp_path: Path) -> None:
    path, chance = tmp_path / "kv.sqlite", random.Random(7)  # noqa: S311 - a repeatable choice
    for _ in range(5):
        last = write_until_killed(path, chance)
        kv = SqliteKv(path, lambda: 0.0)
        await kv.open()
        values = [await kv.get(f"key-{number}") for number in range(7)]
        await kv.close()
        kept = [json.loads(value) for value in values if value is not None]
        assert all(len(numbers) == 2_000 and len(set(numbers)) == 1 for numbers in kept)
        assert max(numbers[0] for numbers in kept) >= last
        checked = sqlite3.connect(path)
        assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        checked.close()
