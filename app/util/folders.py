"""Walks a folder past what is hidden or compiled there, and reads files that come to an end."""

from __future__ import annotations

import errno
import os
from collections.abc import Container, Iterator
from pathlib import Path


def files_below(folder: Path, endings: Container[str]) -> Iterator[Path]:
    """Yield the files of a folder and of those in it whose names have one of these endings."""
    for place, folders, names in os.walk(folder):
        folders[:] = (name for name in folders if name != "__pycache__")
        at = Path(place)
        for name in names:
            _, dot, ending = name.rpartition(".")
            if dot + ending in endings and not name.startswith("."):
                yield at / name


def regular(path: Path) -> Path:
    """Return the path of what is to be read: a pipe has a reader wait, a device may never end.

    Raises:
        OSError: it is there, and neither a file nor a folder, of which reading says that it is one.
    """
    if not path.is_file() and path.exists() and not path.is_dir():
        raise OSError(errno.EINVAL, "is not a file", str(path))
    return path
