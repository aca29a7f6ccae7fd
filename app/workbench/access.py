"""Who may use the workbench: a browser on this machine, and for writes only its own pages.

A page elsewhere could have its name resolve to this machine, so the Host header must be a name of
the loopback. A write needs more: an Origin that is ours, and the token that our pages carry.
"""

from __future__ import annotations

import hmac
import secrets

from starlette.types import ASGIApp, Receive, Scope, Send

from app.util.http_body import Body
from app.web.headers import FILE_HEADERS
from app.web.local_caller import is_forwarded, is_local
from app.web.responses import Response, send_response

_NAMES = {"localhost", "127.0.0.1", "[::1]"}
_READING = {"GET", "HEAD"}
_FORBIDDEN = 403


class Guard:
    """Lets through what comes from this machine; everything else is told that nothing is here."""

    def __init__(self, app: ASGIApp) -> None:
        self.token = secrets.token_urlsafe(24)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        reason = self._reason_to_refuse(scope)
        if reason:
            text = f"the workbench refuses this: {reason}\n".encode()
            headers = [*FILE_HEADERS, (b"content-type", b"text/plain; charset=utf-8")]
            extra_headers = [(b"cache-control", b"no-store")]
            await send_response(
                scope, send, Response(Body(text), headers, _FORBIDDEN, extra_headers)
            )
        else:
            await self._app(scope, receive, send)

    def _reason_to_refuse(self, scope: Scope) -> str:
        """Return why a request is refused, empty where it is not."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        if is_forwarded(scope):
            return "it was forwarded"
        if not is_local(scope):
            return "it comes from another machine"
        if _name(host) not in _NAMES:
            return "its Host is not this machine's"
        site = headers.get(b"sec-fetch-site", b"same-origin")
        if scope["method"] in _READING:
            framed = headers.get(b"sec-fetch-dest", b"") in (b"iframe", b"frame", b"script")
            return "it comes from another site" if site == b"cross-site" and framed else ""
        if site != b"same-origin":
            return "it comes from another site"
        if headers.get(b"origin", b"").decode("latin-1") != f"{scope['scheme']}://{host}":
            return "its Origin is not ours"
        token = headers.get(b"x-workbench-token", b"")
        return "" if hmac.compare_digest(token, self.token.encode()) else "it lacks the token"


def _name(host: str) -> str:
    name, _, port = host.rpartition(":")
    return name if port.isdigit() and name else host
