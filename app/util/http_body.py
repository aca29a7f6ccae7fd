"""A body in the forms it is sent in: plain, gzipped, with its ETag; and a cache of them."""

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from starlette.types import Scope

WORTH_ZIPPING = 1024
"""Bytes from which compressing pays."""

ETAG_DIGITS = 20

Answer = tuple[int, Iterable[tuple[bytes, bytes]], bytes]
"""Status, headers, with the body's length among them, and body of a whole response."""

AtOnce = Callable[[Scope], Answer | None]
"""Answers a request of which nothing has to be waited for, and no other."""


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


class BodyCache:
    """Bodies with their ETags, made once for whatever tells them apart; up to so many bytes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held: OrderedDict[Hashable, Body] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Body | None:
        """Return the body of a key, if it is held."""
        body = self._held.get(key)
        if body is not None:
            self._held.move_to_end(key)
        return body

    def put(self, key: Hashable, plain: bytes) -> Body:
        """Hold what a key's body is made of, and return the body."""
        body = zipped(plain)._replace(etag=etag_of(plain))
        before = self._held.pop(key, None)
        self._held[key] = body
        self._size += _size_of(body) - (_size_of(before) if before else 0)
        while self._size > self._max_bytes:
            self._size -= _size_of(self._held.popitem(last=False)[1])
        return body


def _size_of(body: Body) -> int:
    return len(body.plain) + len(body.zipped or b"")
