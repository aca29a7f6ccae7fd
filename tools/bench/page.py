"""What the benchmarks' pages are made of."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

from app.settings import ROOT

STAMP = "@" * 17
"""Where a time is put in a text, when that is sent."""

_STAMPED = re.compile(rb"zq([a-j]{15})")
_LETTERS = bytes.maketrans(b"0123456789", b"abcdefghij")
_DIGITS = bytes.maketrans(b"abcdefghij", b"0123456789")


def stamp() -> bytes:
    """Return the time as a word: a number that no product has would be refused as untrue.

    It is in microseconds, so that no two parts of a stream have the same.
    """
    return b"zq" + (b"%015d" % (time.monotonic() * 1e6)).translate(_LETTERS)


def stamps(data: bytes) -> Iterator[int]:
    """Yield the times in what was received, in microseconds."""
    return (int(found.translate(_DIGITS)) for found in _STAMPED.findall(data))


def ids_and_category() -> tuple[list[str], str]:
    """Return ids of products of the demo shop, and one of its categories."""
    products = json.loads((ROOT / "demo" / "catalog.json").read_text())["products"]
    return [item["id"] for item in products], products[0]["category"]
