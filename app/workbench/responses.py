"""How the workbench answers: pages and frames under its own policies, JSON, events, and files."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.content.assets import MEDIA_TYPES
from app.web.event_stream import EventStream
from app.web.headers import page_headers

_MOST_BYTES = 256 * 1024
_NO_STORE = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FILE_POLICY = "default-src 'none'; connect-src 'self'"


class BadRequest(Exception):
    """A request makes no sense; the message says why and is fit for its sender."""


def frameable(image_hosts: Iterable[str] = ()) -> dict[str, str]:
    """Return the shop's own headers for a page that the workbench may put into a frame."""
    headers = {name.decode(): value.decode() for name, value in page_headers(image_hosts)}
    policy = headers["content-security-policy"]
    return {
        **headers,
        "content-security-policy": policy.replace(
            "frame-ancestors 'none'", "frame-ancestors 'self'"
        ),
        "cache-control": "no-store",
        "cross-origin-resource-policy": "same-origin",
    }


def page(html: str, status: int = 200) -> Response:
    """Return a page of the workbench, which may hold frames of ours."""
    headers = frameable()
    policy = headers["content-security-policy"] + "; frame-src 'self'"
    shown = html.encode(errors="replace")  # props may hold half of a pair of surrogates
    return Response(shown, status, {**headers, "content-security-policy": policy})


def framed(html: str, image_hosts: Iterable[str] = ()) -> Response:
    """Return what a frame shows, under the shop's policy."""
    return Response(html, 200, frameable(image_hosts))


def answer(payload: object, status: int = 200) -> Response:
    """Return JSON."""
    return Response(json.dumps(payload), status, _NO_STORE, "application/json")


def text(body: str, kind: str = "text/css") -> Response:
    """Return a text file made just now."""
    return Response(body, 200, {**_NO_STORE, "Content-Security-Policy": _FILE_POLICY}, kind)


def file(path: Path) -> Response:
    """Return a file that is ours, 404 where there is none."""
    headers = {**_NO_STORE, "Cache-Control": "no-cache", "Content-Security-Policy": _FILE_POLICY}
    with suppress(OSError):
        if path.suffix in MEDIA_TYPES and path.is_file() and not path.is_symlink():
            return Response(path.read_bytes(), 200, headers, MEDIA_TYPES[path.suffix].decode())
    return Response("no such file\n", 404, _NO_STORE, "text/plain")


async def read_json(request: Request) -> dict[str, Any]:
    """Return the JSON object a request brings.

    Raises:
        BadRequest: it brings none, or too much.
    """
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise BadRequest("that is too long")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("that is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("that is not an object")
    return value


def streamed(events: AsyncGenerator[bytes, None]) -> Response:
    """Return events as they come."""
    return EventStream(events, _NO_STORE)


def as_event(payload: object) -> bytes:
    """Return an event whose data is JSON."""
    return f"data: {json.dumps(payload)}\n\n".encode()
