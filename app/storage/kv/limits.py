"""The limits of Workers KV, which every KV keeps: what development accepts, production accepts."""

from __future__ import annotations

from app.storage.errors import InvalidPair

MAX_KEY_BYTES = 512
MAX_VALUE_BYTES = 25 * 1024 * 1024
MIN_TTL = 60
"""Seconds."""


def check_pair(key: str, value: bytes, ttl: int) -> None:
    """Check a pair before it is written.

    Raises:
        InvalidPair: KV would never take it.
    """
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise InvalidPair("a key that is no text") from error
    if not 0 < size <= MAX_KEY_BYTES or key in (".", ".."):
        raise InvalidPair(f"a key of {size} bytes")
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidPair(f"a value of {len(value)} bytes")
    if ttl < MIN_TTL:
        raise InvalidPair(f"a time to live of {ttl} s")
