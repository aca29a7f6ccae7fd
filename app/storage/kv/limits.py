"""What Workers KV takes: bounds that every KV here keeps to."""

from __future__ import annotations

from app.storage.errors import InvalidPair

LONGEST_KEY = 512
LARGEST_VALUE = 25 * 1024 * 1024
SHORTEST_TTL = 60


def check_pair(key: str, value: bytes) -> None:
    """Check a pair before it is sent.

    Raises:
        InvalidPair: KV would never take it.
    """
    size = len(key.encode())
    if not 0 < size <= LONGEST_KEY or key in (".", "..") or len(value) > LARGEST_VALUE:
        raise InvalidPair(f"a pair of {size} and {len(value)} bytes")
