"""Joins UTF-16 surrogate halves that an answer was cut between."""

from __future__ import annotations

import re

_HALF = re.compile("[\ud800-\udfff]")
_LONE = re.compile("[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]")


class SurrogateJoiner:
    """Joins the halves of characters in texts that follow each other.

    A half whose other half never comes is dropped; `dropped` counts them.
    """

    def __init__(self) -> None:
        self.dropped = 0
        self._waiting = ""

    def feed(self, text: str) -> str:
        """Return the text with its pairs joined; a first half at its end is held back."""
        if not self._waiting and (text.isascii() or not _HALF.search(text)):
            return text
        text = self._waiting + text
        ends_in_half = "\ud800" <= text[-1:] <= "\udbff"
        self._waiting = text[-1] if ends_in_half else ""
        return self._joined(text[:-1] if ends_in_half else text)

    def close(self) -> None:
        """Drop a half that still waits: nothing follows it, or nothing that belongs to it."""
        self._joined(self._waiting)
        self._waiting = ""

    def _joined(self, text: str) -> str:
        pairs, lone = _LONE.subn("", text)
        self.dropped += lone
        return pairs.encode("utf-16-le", "surrogatepass").decode("utf-16-le")
