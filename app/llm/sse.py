"""Bytes of an event stream, cut anywhere -> the data of its events."""

from __future__ import annotations

from collections.abc import Iterator

_LONGEST_LINE = 1024 * 1024
_TOO_LONG = f"a line of more than {_LONGEST_LINE} bytes"


class StreamBroken(Exception):
    """A line of the stream is longer than any model's event."""


class SseLines:
    """Feed bytes, get the `data` of each line that has some; providers write one line an event."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the data of every line that `data` completes.

        Raises:
            StreamBroken: a line runs past 1 MiB.
        """
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > _LONGEST_LINE:
            raise StreamBroken(_TOO_LONG)
        for line in lines:
            if len(line) > _LONGEST_LINE:
                raise StreamBroken(_TOO_LONG)
            if line.startswith(b"data:"):
                yield line[5:].strip()
