"""Locks a data folder for one process: two would each have counts and caches of their own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.storage.errors import StorageError


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Hold the folder, which is made where needed; the system lets go of it however we end.

    Raises:
        StorageError: another process holds it, or nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = folder / "lock"
        lock.touch(0o600)  # who can open it can hold it
        file = lock.open("wb")
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(f"{folder}: another process serves from this folder") from error
        except OSError:
            pass  # a file system without locks: there is nothing to hold
        yield
