"""KV in a SQLite file: pairs that expire, within bounds, whole whatever happens to the process."""

from __future__ import annotations

import asyncio
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
from app.storage.kv.sqlite import SqliteKv
from app.storage.sqlite import SqliteFile, StorageError
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def kv(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteKv]:
    made = SqliteKv(tmp_path / "kv.sqlite", clock, max_pairs=3)
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


async def test_the_pairs_nearest_their_end_give_way(kv: SqliteKv) -> None:
    for key, ttl in (("a", 90), ("b", 60), ("c", 80), ("d", 70)):
        await kv.put(key, b"x", ttl)
    assert [await kv.get(key) for key in "abcd"] == [b"x", None, b"x", b"x"]


async def test_expired_pairs_take_no_room(kv: SqliteKv, clock: Clock, tmp_path: Path) -> None:
    for key in "abc":
        await kv.put(key, b"x", 60)
    clock.now += 61
    await kv.put("d", b"x", 60)
    with closing(sqlite3.connect(tmp_path / "kv.sqlite")) as other, other:
        assert other.execute("SELECT key FROM pairs").fetchall() == [("d",)]
    other.close()


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


# ------------------------------------------------------------------ off the event loop


async def test_the_loop_turns_while_another_connection_holds_the_write_lock(
    kv: SqliteKv, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "kv.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(kv.put("a", b"x", 60))
    for _ in range(50):
        await asyncio.sleep(0.001)
    assert not writing.done()
    other.execute("COMMIT")
    other.close()
    await writing
    assert await kv.get("a") == b"x"


def make_table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE t (x)")


async def test_work_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    file = SqliteFile(tmp_path / "any.sqlite")
    await file.open(make_table)

    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        connection.execute("INSERT INTO missing VALUES (1)")

    with pytest.raises(StorageError):
        await file.run(half)
    count = await file.read(lambda connection: connection.execute("SELECT * FROM t").fetchall())
    assert count == []
    await file.close()


async def test_a_caller_who_is_cancelled_does_not_let_the_next_in_before_its_work_is_done(
    tmp_path: Path,
) -> None:
    file = SqliteFile(tmp_path / "any.sqlite")
    await file.open(make_table)
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1)")
        begun.set()
        go_on.wait(10)

    first = asyncio.create_task(file.run(slow))
    await asyncio.to_thread(begun.wait, 10)
    first.cancel()
    await asyncio.sleep(0)
    second = asyncio.create_task(
        file.run(lambda connection: connection.execute("INSERT INTO t VALUES (2)") and None)
    )
    await asyncio.wait({second}, timeout=0.05)
    went_ahead = second.done()
    go_on.set()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert not went_ahead
    await file.close()
    assert outcomes[1] is None


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
