"""One SQLite file behind one thread at a time: every access is off the event loop.

Write-ahead logging with `synchronous=NORMAL` keeps the file whole through `kill -9` at any moment;
what was committed is there afterwards.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from app.storage.errors import StorageError

__all__ = ["SqliteFile", "StorageError"]

Result = TypeVar("Result")

_BUSY_TIMEOUT = 5.0


class SqliteFile:
    """Runs functions on a connection, one at a time, in a thread of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._closed = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"sqlite {path.stem}")

    async def open(self, prepare: Callable[[sqlite3.Connection], None]) -> None:
        """Open the file, creating it where needed, and run `prepare` on it.

        Raises:
            StorageError: the file cannot be opened or is no database.
        """
        await self._in_thread(lambda: self._open(prepare))

    async def run(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work` in one transaction.

        Raises:
            StorageError: SQLite refused; nothing of the transaction remains.
        """
        return await self._in_thread(lambda: self._transaction(work))

    async def read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Run `work`, which only reads, without a transaction of its own.

        Raises:
            StorageError: SQLite refused.
        """
        return await self._in_thread(lambda: self._translated(work))

    async def close(self) -> None:
        """Close the file, once no other work is under way."""
        if self._closed:
            return
        await self._in_thread(self._close)
        self._closed = True
        self._thread.shutdown()

    async def _in_thread(self, work: Callable[[], Result]) -> Result:
        if self._closed:
            raise StorageError(f"{self._path}: closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _open(self, prepare: Callable[[sqlite3.Connection], None]) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT, check_same_thread=False, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.execute("PRAGMA foreign_keys=ON")
            self._connection.execute("PRAGMA cache_size=-2048")
            prepare(self._connection)
        except (sqlite3.Error, OSError) as error:
            self._close()
            raise StorageError(f"{self._path}: {error}") from error

    def _transaction(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        def whole(connection: sqlite3.Connection) -> Result:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            return result

        return self._translated(whole)

    def _translated(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        if self._connection is None:
            raise StorageError(f"{self._path}: not open")
        try:
            return work(self._connection)
        except sqlite3.Error as error:
            raise StorageError(f"{self._path}: {error}") from error

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
