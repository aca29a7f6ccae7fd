"""Bytes of a streamed answer, cut anywhere -> its events, as the standard of event streams says.

Beyond the standard, what compatible servers really send is read: an answer that is JSON although a
stream was asked for, whole, as a list, or one value a line; events without a blank line between
them; a last event without one; an `error:` line; a comment that a relay wrote as data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_LONGEST_EVENT = 1024 * 1024
_TOO_LONG = f"an event of more than {_LONGEST_EVENT} bytes"
_BOM = b"\xef\xbb\xbf"
_END_OF_LINE = (b"\n", b"\r")
_OPENS_JSON = (b"{", b"[")

_TEXT = rb'(?:[^"\\\x00-\x1f]|\\.)*+'
_WITHIN_QUOTES = re.compile(_TEXT)
_SAYS = rb'"(?:content|text)": ?"'
_SAYS_ONCE = re.compile(
    rb"((?:event: ?\w+\r?\n)?data: ?{(?:(?!%b).)*+%b)%b((?:(?!%b).)*\r?\n\r?\n)"
    % (_SAYS, _SAYS, _TEXT, _SAYS)
)
"""An event with one text: what stands before it, and after it."""

_MOST_LOOKS = 8
"""Times in a row that events have been alike to none: a provider may make each unlike the last."""


class StreamBroken(Exception):
    """The stream is no model's answer; the message says why and repeats nothing of it."""


class ServerEvent(NamedTuple):
    """An event: its data, and the name it was given, empty for a usual one."""

    data: bytes
    name: bytes = b""


class EventReader:
    """Feed bytes, get events. Holds one unfinished event at most, of 1 MiB at most."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._after_cr = False
        self._begun = False
        self._bare = False
        self._data: list[bytes] = []
        self._size = 0
        self._name = b""
        self._before = self._after = b""
        self._looks = _MOST_LOOKS

    def feed(self, piece: bytes) -> Iterator[ServerEvent]:
        """Yield the events that `piece` completes.

        Raises:
            StreamBroken: a line or an event runs past 1 MiB, or the body is an HTML page.
        """
        if self._after_cr and piece:
            piece = piece.removeprefix(b"\n")
            self._after_cr = False
        if b"\n" not in piece and b"\r" not in piece:
            self._hold(piece)
            return
        text = bytes(self._rest) + piece if self._rest else piece
        self._rest.clear()
        if not self._data and not self._name:
            text = self._joined(text)
        self._after_cr = text.endswith(b"\r")
        lines = text.splitlines()
        if not text.endswith(_END_OF_LINE):
            self._hold(lines.pop())
        for line in lines:
            event = self._take(line) if line else self._end()
            if event is not None:
                yield event

    def close(self) -> Iterator[ServerEvent]:
        """Yield what the proper end of the body completes."""
        for event in (self._take(bytes(self._rest)), self._end(bare=True)):
            if event is not None:
                yield event

    def _hold(self, rest: bytes) -> None:
        """Hold a line that is not over."""
        self._rest += rest
        if len(self._rest) > _LONGEST_EVENT:
            raise StreamBroken(_TOO_LONG)

    def _joined(self, text: bytes) -> bytes:
        """Make one event of all at the beginning that differ in their text alone.

        A model sends one for each token, and reading an event costs the same however much it says.
        """
        joined, at = self._as_one(text), 0
        while joined is None and self._looks and text.find(b"\ndata:", at) >= 0:
            if not (alike := _SAYS_ONCE.match(text, at)):
                break
            self._looks -= 1
            self._before, self._after = alike.groups()
            joined = self._as_one(text, at)
            at = alike.end()
        return text if joined is None else joined

    def _as_one(self, text: bytes, at: int = 0) -> bytes | None:
        """Return a text whose events from there on are one, None where none is like the last."""
        before, after = self._before, self._after
        between = after + before
        begin, end = at + len(before), text.rfind(after)
        if not between or text.find(between, begin) < 0 or not text.startswith(before, at):
            return None
        said = text[begin:end].replace(between, b"")
        if text.find(b"\\" + between, begin) >= 0 or not _is_text(said):
            return None
        self._looks = _MOST_LOOKS
        return text[:begin] + said + text[end:]

    def _take(self, line: bytes) -> ServerEvent | None:
        """Take a line; return the event that is over with it, if any."""
        if not line.startswith(b"data:"):
            line = line.removeprefix(_BOM)
            if line.startswith(b":"):
                return None
            if not self._begun and line:
                self._begin(line)
        if line.startswith(b"data:"):
            self._begun = True
            return self._add(line[5:])
        if self._bare or line.startswith(_OPENS_JSON):
            return self._add(line) if line.strip() else None
        if line.startswith(b"event:"):
            self._name = line[6:].strip()
        elif line.startswith(b"error:"):
            self._name = b"error"
            return self._add(line[6:])
        return None

    def _begin(self, line: bytes) -> None:
        """Look at the first line: it tells a stream from what was sent in place of one."""
        self._begun = True
        if line.lstrip().startswith(b"<"):
            raise StreamBroken("an HTML page in place of an answer")
        self._bare = line.lstrip().startswith(_OPENS_JSON)

    def _add(self, data: bytes) -> ServerEvent | None:
        """Add a line of data. No JSON value goes on with a bracket after a closing brace."""
        data = data.strip().removeprefix(b"data:").lstrip()  # some relays write it twice
        if data.startswith(b":"):
            return None
        event = None
        if self._data and self._data[-1].endswith(b"}") and data.startswith(_OPENS_JSON):
            event = self._end(bare=True)
        self._data.append(data)
        self._size += len(data) + 1
        if self._size > _LONGEST_EVENT:
            raise StreamBroken(_TOO_LONG)
        return event

    def _end(self, *, bare: bool = False) -> ServerEvent | None:
        """Return the event that ends here; bare JSON does not end with a blank line."""
        if not self._data or (self._bare and not bare):
            return None
        event = ServerEvent(b"\n".join(self._data), self._name)
        self._data.clear()
        self._size, self._name = 0, b""
        return event


def _is_text(said: bytes) -> bool:
    """Say whether bytes may stand within the quotes of JSON."""
    try:
        said.decode()
    except UnicodeDecodeError:
        return False
    return _WITHIN_QUOTES.fullmatch(said) is not None
