"""Sends a body in one go: plain or gzipped, whole or 304."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import NamedTuple

from starlette.types import Scope, Send

from app.web.headers import Headers

_WORTH_ZIPPING = 1024
_COMPRESSION = 5


class Body(NamedTuple):
    """What is sent: the plain bytes, gzipped ones where they are at hand, and an ETag."""

    plain: bytes
    zipped: bytes | None = None
    etag: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response."""

    body: Body
    headers: Headers
    status: int = 200
    more: Headers = field(default_factory=list)


def zipped(body: bytes) -> Body:
    """Return a body with its gzipped form, made now, where that is worth it."""
    if len(body) < _WORTH_ZIPPING:
        return Body(body)
    return Body(body, gzip.compress(body, _COMPRESSION, mtime=0))


async def send_response(scope: Scope, send: Send, reply: Response) -> None:
    """Send a reply as the request's headers want it."""
    wants_gzip, known_etag = _asked(scope)
    body, status = reply.body, reply.status
    payload = body.plain
    headers = [*reply.headers, *reply.more]
    if body.zipped is not None:
        headers.append((b"vary", b"accept-encoding"))
        if wants_gzip:
            payload = body.zipped
            headers.append((b"content-encoding", b"gzip"))
    if body.etag:
        headers.append((b"etag", body.etag))
        if body.etag in known_etag:
            status, payload = 304, b""
    if status not in (204, 304):  # No Content and Not Modified, which have no length
        headers.append((b"content-length", b"%d" % len(payload)))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send(
        {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else payload}
    )


def _asked(scope: Scope) -> tuple[bool, bytes]:
    wants_gzip, etag = False, b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            wants_gzip = b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
        elif name == b"if-none-match":
            etag = value
    return wants_gzip, etag
