"""Long texts of large feeds, left on the disk until a page wants them."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from threading import Lock
from typing import BinaryIO

SHORTEST = 256
"""Characters from which on a text takes less memory on the disk."""

_AT_BYTES, _DIGEST_BYTES = 8, 8
_PLACE = Struct(f"<QI{_DIGEST_BYTES}s")
"""Where a text begins, how many bytes it has, and their digest: packed, since there are many."""

PLACE = "H"
"""What the place of a product is kept as: two bytes, of which the most products need no more."""

_MOVING = Lock()


class Texts:
    """A file with texts in it. It stays open for as long as any of them is known."""

    def __init__(self, file: BinaryIO) -> None:
        self._descriptor = os.dup(file.fileno())

    def __del__(self) -> None:
        os.close(self._descriptor)

    def read(self, at: int, size: int) -> bytes:
        """Return what stands at a place."""
        return os.pread(self._descriptor, size, at)


class StoredText(Sized):
    """Behaves as its text where it is asked for that, and is compared by its digest."""

    __slots__ = ("_place", "_texts")

    def __init__(self, texts: Texts, place: bytes) -> None:
        self._texts = texts
        self._place = place

    def move(self, other: StoredText) -> None:
        """Have the same text read from where another has it from now on."""
        with _MOVING:
            self._texts, self._place = other._texts, other._place

    def __str__(self) -> str:
        with _MOVING:
            texts, place = self._texts, self._place
        at, size, _ = _PLACE.unpack(place)
        return texts.read(at, size).decode(errors="replace")

    def __repr__(self) -> str:
        return repr(str(self))

    def __len__(self) -> int:
        size: int = _PLACE.unpack(self._place)[1]
        return size

    def __eq__(self, other: object) -> bool:
        if isinstance(other, StoredText):
            return self._place[_AT_BYTES:] == other._place[_AT_BYTES:]
        return isinstance(other, str) and str(self) == other

    def __hash__(self) -> int:
        return hash(str(self))


class StoredNumbers:
    """Numbers in a file, from a place on, of which a part is read when it is asked for."""

    def __init__(self, texts: Texts, at: int) -> None:
        self._texts = texts
        self._at = at

    def __getitem__(self, part: slice) -> array[int]:
        found = array(PLACE)
        size, first = found.itemsize, self._at + part.start * found.itemsize
        read = self._texts.read(first, (part.stop - part.start) * size)
        found.frombytes(read[: len(read) // size * size])
        return found


def store(text: str, file: BinaryIO) -> bytes:
    """Write a text where a file ends; return its place, as a `StoredText` has it."""
    content = text.encode("utf-8", "backslashreplace")
    at = file.tell()
    file.write(content)
    digest = blake2b(content, digest_size=_DIGEST_BYTES).digest()
    return _PLACE.pack(at, len(content), digest)


@contextmanager
def spool(folder: Path) -> Iterator[Callable[[Sized], Sized]]:
    """Yield what leaves a long text in a file without a name, so that a feed may exceed memory.

    A text that is short, or on the disk already, stays as it is.

    Raises:
        OSError: nothing can be written.
    """
    from tempfile import TemporaryFile  # noqa: PLC0415 - large feeds alone

    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder, buffering=0) as file:
        texts = Texts(file)

        def keep(text: Sized) -> Sized:
            if not isinstance(text, str) or len(text) < SHORTEST:
                return text
            return StoredText(texts, store(text, file))

        yield keep
