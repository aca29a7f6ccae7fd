"""One SQLite file with two connections, each in a thread of its own: one writes, the other reads.

Write-ahead logging with `synchronous=NORMAL` keeps the file whole through `kill -9` at any moment;
what was committed is there afterwards. Who reads sees what was committed last, and waits for no
writer, in this process or another.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from app.storage.errors import StorageError

log = logging.getLogger("wandstore.storage")

Result = TypeVar("Result")
Work = Callable[[sqlite3.Connection], Result]

_WRITE_TIMEOUT, _READ_TIMEOUT = 5.0, 0.1
"""Seconds to wait for another's lock. Readers meet one only while somebody opens or closes."""

_OWNER_ONLY = 0o600
_SPARE_PAGES = 256
"""Free pages that stay in the file for what comes next: a mebibyte."""

_ROOM = 128 * 1024
"""Bytes that a disk must have left for a file to be opened: its log, and what all share of that."""

_VACUUM_SLICE = 64
_INCREMENTAL = (2,)
_MOST_LOG = 256 * 1024 * 1024
"""Bytes of changes that may wait for one who reads for hours what was there before them."""


class SqliteFile:
    """Runs functions on the connection that writes, or on the one that reads.

    `prepare` is run on the file when it is opened.
    """

    def __init__(self, path: Path, prepare: Work[None], most_log: int = _MOST_LOG) -> None:
        self._path = path
        self._prepare = prepare
        self._log = path.with_name(f"{path.name}-wal")
        self._most_log = most_log
        self._writer = _Connection(path, "writer", _WRITE_TIMEOUT)
        self._reader = _Connection(path, "reader", _READ_TIMEOUT)
        self._inodes = (0, 0)
        self._opening = asyncio.Lock()
        self._opens_later = False

    async def open(self) -> None:
        """Open the file, creating it for its owner alone where needed.

        On a full disk that is left to who reads or writes next: the shop is open all the same.

        Raises:
            StorageError: the file cannot be opened or is no database.
        """
        try:
            await self._open()
        except StorageError as error:
            if not _is_full(self._path):
                raise
            self._opens_later = True
            log.warning({"event": "database_not_opened", "reason": str(error)})

    async def _open(self) -> None:

        def set_up(connection: sqlite3.Connection) -> None:
            if connection.execute("PRAGMA auto_vacuum").fetchone() != _INCREMENTAL:  # it writes
                connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA journal_size_limit=4194304")
            self._prepare(connection)
            self._inodes = self._inodes_now()

        await self._writer.open(set_up)
        await self._reader.open(lambda connection: connection.execute("PRAGMA query_only=ON"))

    async def run(self, work: Work[Result]) -> Result:
        """Run `work` in one transaction.

        Raises:
            StorageError: SQLite refused, and nothing of the transaction remains; or the file or
                its log is gone from its place, where what is written would be lost with this
                process; or the log is full, since somebody reads and does not end.
        """

        def whole(connection: sqlite3.Connection) -> Result:
            if self._inodes_now() != self._inodes:
                raise _refusal(self._path, "the file is gone")
            if self._log_is_full(connection):
                raise _refusal(self._log, "full, another process reads and does not end")
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        await self._open_by_now()
        return await self._writer.run(whole)

    async def read(self, work: Work[Result]) -> Result:
        """Run `work`, which only reads, beside whatever is being written.

        Raises:
            StorageError: SQLite refused.
        """
        await self._open_by_now()
        return await self._reader.run(work)

    async def _open_by_now(self) -> None:
        if self._opens_later:
            async with self._opening:
                if self._opens_later:
                    await self._open()
                    self._opens_later = False

    async def shrink(self) -> int:
        """Give some of the file's free pages back to the disk; return how many."""

        def vacuum(connection: sqlite3.Connection) -> int:
            (free,) = connection.execute("PRAGMA freelist_count").fetchone()
            slice_ = min(free - _SPARE_PAGES, _VACUUM_SLICE)
            if slice_ <= 0:
                return 0
            connection.execute(f"PRAGMA incremental_vacuum({slice_})").fetchall()
            (left,) = connection.execute("PRAGMA freelist_count").fetchone()
            return int(free - left)

        return await self.run(vacuum)

    async def close(self) -> None:
        """Close the file, once no other work is under way."""
        await self._reader.close()
        await self._writer.close()

    def _log_is_full(self, connection: sqlite3.Connection) -> bool:
        with suppress(OSError):
            if self._log.stat().st_size > self._most_log:
                checkpoint = connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                _, logged, moved = checkpoint.fetchone()
                return bool(logged != moved)
        return False

    def _inodes_now(self) -> tuple[int, int]:
        return _inode(self._path), _inode(self._log)


class _Connection:
    """A connection and the thread that alone uses it, one work after the other.

    A pool of one thread takes twice the time for what it hands over, and most of a read's.
    """

    def __init__(self, path: Path, role: str, timeout: float) -> None:
        self._path = path
        self._timeout = timeout
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._works: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None]
        self._works = SimpleQueue()
        name = f"sqlite {path.stem} {role}"
        self._thread = Thread(target=_work, args=(self._works,), name=name, daemon=True)

    async def open(self, set_up: Work[object]) -> None:
        def opened() -> None:
            self._close()
            try:
                _create(self._path)
                self._connection = sqlite3.connect(
                    self._path, timeout=self._timeout, check_same_thread=False, isolation_level=None
                )
                self._connection.execute("PRAGMA cache_size=-2048")
                set_up(self._connection)
            except (sqlite3.Error, OSError) as error:
                self._close()
                raise _translated(error, self._path) from error

        await self._in_thread(opened)

    async def run(self, work: Work[Result]) -> Result:
        def translated() -> Result:
            if self._connection is None:
                raise StorageError(f"{self._path}: not open")
            try:
                return work(self._connection)
            except sqlite3.Error as error:
                raise _translated(error, self._path) from error

        return await self._in_thread(translated)

    async def close(self) -> None:
        if self._closed:
            return
        await self._in_thread(self._close)
        self._closed = True
        self._works.put(None)

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._closed:
            raise StorageError(f"{self._path}: closed")
        if self._thread.ident is None:
            self._thread.start()
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._works.put((work, done))
        return await done

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _work(works: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]] | None]) -> None:
    """Do what is asked for while somebody waits for it, until there is nothing more to come."""
    while (request := works.get()) is not None:
        work, done = request
        if done.cancelled():
            continue
        try:
            settle = partial(done.set_result, work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it raises it
            settle = partial(done.set_exception, error)
        with suppress(RuntimeError):  # the loop that waited for it is closed
            done.get_loop().call_soon_threadsafe(_unless_done, done, settle)


def _unless_done(done: asyncio.Future[Any], settle: Callable[[], None]) -> None:
    if not done.done():
        settle()


def _inode(path: Path) -> int:
    """Return what tells a file from another of its name; 0 where there is none."""
    with suppress(OSError):
        return path.stat().st_ino
    return 0


def _is_full(path: Path) -> bool:
    with suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < _ROOM
    return False


def _translated(error: Exception, path: Path) -> StorageError:
    """Return an error in our words. SQLite's own say why, and name no file."""
    if isinstance(error, sqlite3.Error):
        is_full = "I/O" in str(error) and _is_full(path)
        return _refusal(path, f"{error}, the disk is full" if is_full else str(error))
    return StorageError(f"{path}: {error}")


def _refusal(path: Path, reason: str) -> StorageError:
    return StorageError(f"{path}: {reason}", reason=reason)


def _create(path: Path) -> None:
    """Make the file, and what an earlier process left beside it, its owner's alone.

    SQLite gives the files beside a database the database's own mode. A file that is there is not
    opened: closing it would end the locks that this process holds on it (POSIX).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, _OWNER_ONLY))
    for ending in ("", "-wal", "-shm"):
        file = path.with_name(path.name + ending)
        if file.exists() and file.stat().st_uid == os.geteuid():
            file.chmod(_OWNER_ONLY)
