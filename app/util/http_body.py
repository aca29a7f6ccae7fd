"""A body in the forms it is sent in: plain, gzipped, and with its ETag."""

from __future__ import annotations

import gzip
import hashlib
from typing import NamedTuple

WORTH_ZIPPING = 1024
"""Bytes from which compressing pays."""

ETAG_DIGITS = 20


class Body(NamedTuple):
    """What is sent: the plain bytes, gzipped ones where they are at hand, and an ETag."""

    plain: bytes
    zipped: bytes | None = None
    etag: bytes = b""


def zipped(plain: bytes, level: int = 5) -> Body:
    """Return a body with its gzipped form, made now, where that is worth it."""
    if len(plain) < WORTH_ZIPPING:
        return Body(plain)
    return Body(plain, gzip.compress(plain, level, mtime=0))


def etag_of(plain: bytes) -> bytes:
    """Return the strong ETag of these bytes."""
    return b'"%s"' % hashlib.sha256(plain).hexdigest()[:ETAG_DIGITS].encode()
