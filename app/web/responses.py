"""Sends a response in one go: plain or gzipped, whole or 304; and JSON."""

import json
from typing import NamedTuple

from starlette.types import Scope, Send

from app.util.http_body import Answer, Body
from app.web.headers import FILE_HEADERS, STRICT_TRANSPORT, Headers

NO_STORE = (b"cache-control", b"no-store")
_PLAIN = (b"content-type", b"text/plain; charset=utf-8")


class Response(NamedTuple):
    """A whole response."""

    body: Body
    headers: Headers
    status: int = 200
    extra_headers: Headers = ()


async def send_response(scope: Scope, send: Send, response: Response) -> None:
    """Send a response as the request's headers want it."""
    status, headers, body = answer(scope, response)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def answer(scope: Scope, response: Response) -> Answer:
    """Return a response as the request's headers want it."""
    wants_gzip, known_etag = _conditions(scope)
    body, status = response.body, response.status
    payload = body.plain
    headers = [*response.headers, *response.extra_headers]
    if body.zipped is not None:
        headers.append((b"vary", b"accept-encoding"))
        if wants_gzip:
            payload = body.zipped
            headers.append((b"content-encoding", b"gzip"))
    if body.etag:
        weak = b"" if body.zipped is None else b"W/"  # for both forms, which differ in their bytes
        headers.append((b"etag", weak + body.etag))
        if body.etag in known_etag or known_etag == b"*":
            status, payload = 304, b""
    if scope["scheme"] == "https":
        headers.append(STRICT_TRANSPORT)
    if status not in (204, 304):  # No Content and Not Modified, which have no length
        headers.append((b"content-length", b"%d" % len(payload)))
    return status, headers, b"" if scope["method"] == "HEAD" else payload


def _conditions(scope: Scope) -> tuple[bool, bytes]:
    wants_gzip, etag = False, b""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            wants_gzip = b"gzip" in value and b"gzip;q=0" not in value.replace(b" ", b"")
        elif name == b"if-none-match":
            etag = value
    return wants_gzip, etag


async def send_json(
    scope: Scope, send: Send, payload: object, status: int = 200, extra_headers: Headers = ()
) -> None:
    """Send an object as JSON, never cached."""
    body = Body(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    headers = [*FILE_HEADERS, (b"content-type", b"application/json")]
    await send_response(scope, send, Response(body, headers, status, [*extra_headers, NO_STORE]))


async def send_text(
    scope: Scope, send: Send, text: str, status: int, extra_headers: Headers = ()
) -> None:
    """Send a line of plain text, never cached."""
    body, headers = Body(f"{text}\n".encode()), [*FILE_HEADERS, _PLAIN]
    await send_response(scope, send, Response(body, headers, status, [*extra_headers, NO_STORE]))
