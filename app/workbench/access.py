"""Authorises requests to the workbench: a browser on this machine that has the printed key.

The address that is printed at the start has a key, which becomes a cookie: a proxy that leaves no
sign of itself lets nobody in. A write needs more: an Origin that is ours, and the token that our
pages carry.
"""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qs

from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.cookies import cookie_values
from app.web.local_caller import is_forwarded, is_local, is_loopback_name
from app.web.responses import send_text

_READING = {"GET", "HEAD"}
_FORBIDDEN = 403
_SEE_OTHER = 303
_LIFETIME = 30 * 24 * 3600


class Guard:
    """Lets through what comes from this machine with the key; everything else is refused."""

    def __init__(self, app: ASGIApp, key: str) -> None:
        self.token = secrets.token_urlsafe(24)
        self._app = app
        self._key = key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it; take the key out of the address it came in."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        reason = _reason_to_doubt(scope, headers, host)
        if not reason and scope["method"] in _READING and self._is_key(_key_in_query(scope)):
            await self._remember_key(scope, send, host)
            return
        reason = reason or self._reason_to_refuse(scope, headers, host)
        if reason:
            await send_text(scope, send, f"the workbench refuses this: {reason}", _FORBIDDEN)
        else:
            await self._app(scope, receive, send)

    def _is_key(self, key: str) -> bool:
        return hmac.compare_digest(key.encode(), self._key)

    async def _remember_key(self, scope: Scope, send: Send, host: str) -> None:
        """Set the cookie, and lead to the same page without the key in its address."""
        cookie = f"{cookie_name(host)}={self._key.decode()}; Path=/; HttpOnly; SameSite=Lax"
        location = (b"location", scope["raw_path"])
        remembered = (b"set-cookie", f"{cookie}; Max-Age={_LIFETIME}".encode())
        await send_text(
            scope, send, "the key is in a cookie now", _SEE_OTHER, [location, remembered]
        )

    def _reason_to_refuse(self, scope: Scope, headers: dict[bytes, bytes], host: str) -> str:
        """Return why a request of this machine is refused, empty where it is not."""
        if not any(map(self._is_key, cookie_values(scope["headers"], cookie_name(host)))):
            return "it lacks the key; open the address that was printed at the start"
        if scope["method"] in _READING:
            return ""
        if headers.get(b"sec-fetch-site", b"same-origin") != b"same-origin":
            return "it comes from another site"
        if headers.get(b"origin", b"").decode("latin-1") != f"{scope['scheme']}://{host}":
            return "its Origin is not ours"
        token = headers.get(b"x-workbench-token", b"")
        return "" if hmac.compare_digest(token, self.token.encode()) else "it lacks the token"


def cookie_name(host: str) -> str:
    """Return the name of the cookie: those of all ports of a machine come in one jar."""
    port = host.rpartition(":")[2]
    return f"workbench_{port if port.isdigit() else 80}"


def _reason_to_doubt(scope: Scope, headers: dict[bytes, bytes], host: str) -> str:
    """Return why a request is not one of this machine for itself, empty where it is."""
    if is_forwarded(scope):
        return "it was forwarded"
    if not is_loopback_name(host):
        return "its Host is not this machine's"
    if not is_local(scope):
        return "it comes from another machine"
    framed = headers.get(b"sec-fetch-dest", b"") in (b"iframe", b"frame", b"script")
    if framed and headers.get(b"sec-fetch-site") == b"cross-site":
        return "it comes from another site"
    return ""


def _key_in_query(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return parse_qs(query).get("key", [""])[0] if "key=" in query else ""
