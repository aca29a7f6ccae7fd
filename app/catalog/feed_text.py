"""A feed's text, piece by piece and as often as wanted: it may be larger than memory."""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from app.catalog.problems import CatalogError, InvalidProduct

LARGEST_FILE = 256 * 1024 * 1024

_PIECE = 1024 * 1024
_BEGINNING = 64 * 1024
_SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How xlsx, ods and other archives begin, and xls."""

_PACKED = b"\x1f\x8b"
_FEWEST_PACKED = 18
_PAGES = (b"<!doctype html", b"<html")
_PAGE_BEGINS = 1024
_BLANK = b"\xef\xbb\xbf \t\r\n"
_DECLARED = rb"\s*<\?xml[^>]{1,100}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']"
"""How an XML file says in which encoding it is."""

_TABLES = {".csv", ".tsv", ".txt"}
_WESTERN = "cp1252"
_FOREIGN = (
    "[^\0-\x7f\xa0£§©«»®°±²·´½¼¾ªº¡¿µ×€…‘’“”„•–—™ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜŒ"  # noqa: RUF001
    "ßàáâãäåæçèéêëìíîïñòóôõöøùúûüœ]|[À-ÿ]{3}|[ÂÃâÅ][^\0-\x7f]|[õÕ](?![eE])|[ìòù](?=[a-z])"
    "|[A-Za-zÀ-ÿ][“”„•¡£¿][a-zÀ-ÿ]|[a-z][–—][b-z]\\b"  # noqa: RUF001
)
"""What nobody writes in Western Europe: text in another encoding reads so in Windows-1252.

It is compiled when it is needed: most feeds are UTF-8.
"""

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z")


class FeedText:
    """A text of which `pieces` are read anew each time, and how far that has come.

    `size` is what they come to, in characters or bytes. `note` is what is to be told of it.
    """

    def __init__(self, pieces: Callable[[], Iterator[str]], size: int, note: str = "") -> None:
        self.note = note
        self._pieces = pieces
        self._size = max(size, 1)
        self.beginning = next(self._pieces(), "")[:_BEGINNING]

    @classmethod
    def of(cls, text: str) -> FeedText:
        """Return a text that is in memory."""
        return cls(lambda: iter([text]), len(text))

    def pieces(self) -> Iterator[str]:
        """Yield it from the start.

        Raises:
            CatalogError: it has become unreadable since it was opened.
        """
        return self._pieces()

    def share(self, read: int) -> float:
        """Return how much of it so many characters are, up to 1."""
        return min(read / self._size, 1.0)

    def exceeded(self, read: int, times: int) -> bool:
        """Say whether so many characters are more than so many times all of it."""
        return read > times * self._size

    def lines(self) -> Iterator[str]:
        """Yield its lines, each with what ends it."""
        rest = ""
        for piece in self.pieces():
            rest += piece
            end = max(rest.rfind("\n"), rest.rfind("\r", 0, -1)) + 1  # the last may be half an end
            for found in _LINE.finditer(rest, 0, end):
                yield found[0]
            rest = rest[end:]
        for found in _LINE.finditer(rest):
            yield found[0]


def open_text(path: Path) -> FeedText:
    """Return the text of a file, which has been looked through once.

    A table that is not UTF-8 may be in Windows-1252, as spreadsheets save it in Western Europe.

    Raises:
        CatalogError: it cannot be read, is empty, too large, a spreadsheet's own file, or not text.
    """
    note = ""
    try:
        beginning = next(_blocks(path), b"")
        _refuse_others(beginning)
        encoding: str = json.detect_encoding(beginning)
        try:
            size = _look_through(path, encoding)
        except UnicodeDecodeError:
            if declared := re.match(_DECLARED, beginning):
                encoding = declared[1].decode()
            elif path.suffix.lower() in _TABLES and _is_western(path):
                encoding, note = _WESTERN, "is not UTF-8 text, and is read as Windows-1252"
            else:
                raise
            size = _look_through(path, encoding)
    except UnicodeDecodeError as error:
        line = error.start + 1
        raise CatalogError.of(path, f"is not {error.encoding.upper()} text", line) from None
    except (OSError, InvalidProduct) as error:
        raise _cannot_read(path, error) from error
    return FeedText(lambda: _again(path, encoding), size, note)


def _is_western(path: Path) -> bool:
    decode = _decoder(_WESTERN)
    try:
        return not any(re.search(_FOREIGN, decode(block, False)) for block in _blocks(path))
    except UnicodeDecodeError:
        return False


def _refuse_others(beginning: bytes) -> None:
    if beginning.startswith(_SPREADSHEETS):
        raise InvalidProduct("is a spreadsheet or an archive: export it as CSV")
    if beginning[:_PAGE_BEGINS].lstrip(_BLANK).lower().startswith(_PAGES):
        raise InvalidProduct("is a web page, not a feed")


def beginning_of(content: bytes) -> bytes:
    """Return how a file begins, unpacked, from its first bytes as they are."""
    if not content.startswith(_PACKED):
        return content
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(content, _PAGE_BEGINS)
    except zlib.error:
        return b""


def size_of(path: Path) -> int:
    """Return how many bytes a file has, once unpacked as far as its end tells the truth.

    Raises:
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if size < _FEWEST_PACKED or not path.is_file():  # a pipe would keep whoever opens it waiting
        return size
    with path.open("rb") as file:
        if file.read(2) != _PACKED:
            return size
        file.seek(-4, os.SEEK_END)
        return max(size, min(int.from_bytes(file.read(4), "little"), LARGEST_FILE))


def _look_through(path: Path, encoding: str) -> int:
    """Return the size of a file that is text.

    Raises:
        UnicodeDecodeError: it is not; `start` is the number of lines before.
        InvalidProduct: it is empty or too large.
    """
    size, lines, says_something = 0, 0, False
    decoder = _decoder(encoding)
    for block in _blocks(path):
        try:
            decoder(block, False)
        except UnicodeDecodeError as error:
            error.start = lines + error.object[: error.start].count(b"\n")
            raise
        size, lines = size + len(block), lines + block.count(b"\n")
        says_something = says_something or bool(block.strip())
    if not says_something:
        raise InvalidProduct("is empty")
    try:
        decoder(b"", True)
    except UnicodeDecodeError as error:
        error.start = lines
        raise
    return size


def _decoder(encoding: str) -> Callable[[bytes, bool], str]:
    with suppress(LookupError):
        return getincrementaldecoder(encoding)().decode
    return getincrementaldecoder("utf-8")().decode


def _again(path: Path, encoding: str) -> Iterator[str]:
    decode = _decoder(encoding)
    try:
        for block in _blocks(path):
            yield decode(block, False).replace("\0", "")
        yield decode(b"", True)
    except (OSError, InvalidProduct, UnicodeDecodeError) as error:
        raise _cannot_read(path, error) from error


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield what a file holds, unpacked where it is packed, as feeds at an address often are."""
    if not path.is_file():
        raise InvalidProduct("is not a file" if path.exists() else "there is no such file")
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > LARGEST_FILE:
            raise InvalidProduct(f"is larger than {LARGEST_FILE // 1024 // 1024} MiB")
        is_packed = file.read(2) == _PACKED
        file.seek(0)
        if not is_packed:
            yield from iter(lambda: file.read(_PIECE), b"")
            return
        unpacked, size = gzip.GzipFile(fileobj=file), 0
        while block := _unpacked(unpacked):
            size += len(block)
            if size > LARGEST_FILE:
                most = f"{LARGEST_FILE // 1024 // 1024} MiB"
                raise InvalidProduct(f"is larger than {most} once unpacked")
            yield block


def _unpacked(file: gzip.GzipFile) -> bytes:
    try:
        return file.read(_PIECE)
    except EOFError:
        raise InvalidProduct("is packed, and its end is missing") from None
    except (OSError, zlib.error):
        raise InvalidProduct("is packed, and damaged") from None


def _cannot_read(path: Path, error: Exception) -> CatalogError:
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return CatalogError.of(path, reason or "cannot be read")
