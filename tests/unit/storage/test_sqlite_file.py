"""One SQLite file: off the event loop, its readers beside its writer, its owner's alone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app.storage.errors import StorageError
from app.storage.kv.sqlite import SqliteKv
from app.storage.sqlite import SqliteFile
from tests.support.clock import Clock
from tests.support.small_disk import fill, small_disk

pytestmark = pytest.mark.anyio


def make_table(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS t (x)")


def add(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO t VALUES (1)")


def found(connection: sqlite3.Connection) -> list[tuple[int]]:
    return connection.execute("SELECT x FROM t").fetchall()


def modes_in(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the write lock of a file, as another process might."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("COMMIT")


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[SqliteFile]:
    made = SqliteFile(tmp_path / "any.sqlite", make_table)
    await made.open()
    yield made
    await made.close()


async def test_the_loop_turns_while_another_connection_holds_the_write_lock(
    file: SqliteFile, tmp_path: Path
) -> None:
    with locked(tmp_path / "any.sqlite"):
        writing = asyncio.create_task(file.run(add))
        for _ in range(50):
            await asyncio.sleep(0.001)
        assert not writing.done()
    await writing
    assert await file.read(found) == [(1,)]


async def test_who_reads_waits_for_nobody_who_writes_here_or_elsewhere(
    file: SqliteFile, tmp_path: Path
) -> None:
    await file.run(add)
    with locked(tmp_path / "any.sqlite"):
        writing = asyncio.create_task(file.run(add))
        assert await file.read(found) == [(1,)]
        assert not writing.done()
    await writing
    assert await file.read(found) == [(1,), (1,)]


async def test_who_reads_cannot_write(file: SqliteFile) -> None:
    with pytest.raises(StorageError, match="readonly"):
        await file.read(add)


async def test_work_that_fails_leaves_nothing_behind(file: SqliteFile) -> None:
    def half(connection: sqlite3.Connection) -> None:
        add(connection)
        connection.execute("INSERT INTO missing VALUES (1)")

    with pytest.raises(StorageError):
        await file.run(half)
    assert await file.read(found) == []


async def test_a_caller_who_is_cancelled_does_not_let_the_next_in_before_its_work_is_done(
    file: SqliteFile,
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        add(connection)
        begun.set()
        go_on.wait(10)

    first = asyncio.create_task(file.run(slow))
    await asyncio.to_thread(begun.wait, 10)
    first.cancel()
    await asyncio.sleep(0)
    second = asyncio.create_task(file.run(add))
    await asyncio.wait({second}, timeout=0.05)
    went_ahead = second.done()
    go_on.set()
    outcomes = await asyncio.gather(first, second, return_exceptions=True)
    assert not went_ahead
    assert outcomes[1] is None


@pytest.mark.parametrize("before", [None, 0o644])
async def test_the_files_are_their_owners_alone(tmp_path: Path, before: int | None) -> None:
    path = tmp_path / "any.sqlite"
    if before is not None:
        path.touch()
        path.chmod(before)
    usual = os.umask(0)
    try:
        file = SqliteFile(path, make_table)
        await file.open()
        await file.run(add)
        modes = modes_in(tmp_path)
        await file.close()
    finally:
        os.umask(usual)
    assert modes == dict.fromkeys(("any.sqlite", "any.sqlite-wal", "any.sqlite-shm"), 0o600)


@pytest.mark.parametrize("gone", ["any.sqlite", "any.sqlite-wal"])
async def test_nothing_is_written_to_a_file_that_is_gone_and_what_was_read_is_read(
    file: SqliteFile, tmp_path: Path, gone: str
) -> None:
    await file.run(add)
    (tmp_path / gone).unlink()
    with pytest.raises(StorageError, match="gone"):
        await file.run(add)
    assert await file.read(found) == [(1,)]


_LOOKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM t").fetchone()[0])
connection.close()
"""


@pytest.mark.process
async def test_another_process_that_looks_and_leaves_takes_nothing_along(
    file: SqliteFile, tmp_path: Path
) -> None:
    for number in range(3):
        await file.run(add)
        looking = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _LOOKER, tmp_path / "any.sqlite", stdout=asyncio.subprocess.PIPE
        )
        assert (await looking.communicate())[0] == f"{number + 1}\n".encode()
        assert (tmp_path / "any.sqlite-wal").stat().st_size > 0


async def test_what_was_removed_is_given_back_to_the_disk_a_little_at_a_time(
    tmp_path: Path,
) -> None:
    path, clock = tmp_path / "kv.sqlite", Clock()
    kv = SqliteKv(path, clock)
    await kv.open()
    for number in range(400):
        await kv.put(f"key-{number}", b"x" * 10_000, 60)
    clock.now += 60
    while await kv.expire():
        pass
    slices = []
    while given_back := await kv.shrink():
        slices.append(given_back)
    await kv.close()
    assert max(slices) <= 64
    assert len(slices) > 5
    assert path.stat().st_size < 2 * 1024 * 1024


async def test_a_full_disk_refuses_a_write_and_not_a_reading(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", kibibytes=512) as folder:
        kv = SqliteKv(folder / "kv.sqlite", Clock())
        await kv.open()
        await kv.put("a", b"x" * 50_000, 60)
        with pytest.raises(StorageError, match="full"):
            await kv.put("b", b"x" * 1_000_000, 60)
        assert await kv.get("a") == b"x" * 50_000
        await kv.delete("a")
        await kv.put("b", b"y", 60)
        assert await kv.get("b") == b"y"
        await kv.close()


async def test_a_file_is_opened_and_read_although_the_disk_is_full(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", kibibytes=512) as folder:
        for is_again in (False, True):
            kv = SqliteKv(folder / "kv.sqlite", Clock())
            await kv.open()
            if not is_again:
                await kv.put("a", b"x" * 50_000, 60)
                fill(folder)
            assert await kv.get("a") == b"x" * 50_000
            with pytest.raises(StorageError, match="full"):
                await kv.put("b", b"x" * 50_000, 60)
            await kv.close()


async def test_a_file_that_there_is_no_room_to_open_is_opened_once_there_is(tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", kibibytes=512) as folder:
        kv = SqliteKv(folder / "kv.sqlite", Clock())
        await kv.open()
        await kv.put("a", b"x", 60)
        await kv.close()
        filler = fill(folder)
        kv = SqliteKv(folder / "kv.sqlite", Clock())
        await kv.open()
        for attempt in (kv.get("a"), kv.put("a", b"y", 60)):
            with pytest.raises(StorageError, match="full"):
                await attempt
        filler.unlink()
        assert [*await asyncio.gather(kv.get("a"), kv.get("a"))] == [b"x", b"x"]
        await kv.put("a", b"y", 60)
        assert await kv.get("a") == b"y"
        await kv.close()


async def test_who_reads_for_hours_does_not_fill_the_disk_with_what_is_changed(
    tmp_path: Path,
) -> None:
    path, most = tmp_path / "state.sqlite3", 1024 * 1024
    log, file = tmp_path / "state.sqlite3-wal", SqliteFile(path, make_table, most)
    await file.open()

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (zeroblob(65536))")

    async def write() -> None:
        for _ in range(100):
            await file.run(fill)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM t").fetchone()
        with pytest.raises(StorageError, match="full, another process reads"):
            await write()
        assert most < log.stat().st_size < 2 * most
    await write()
    assert log.stat().st_size < 5 * most
    await file.close()
