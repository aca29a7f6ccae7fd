"""Walks a folder past what is hidden, and past what Python and Jinja have compiled there."""

from __future__ import annotations

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
