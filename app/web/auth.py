"""The Worker's credential: with one set, nobody but the Worker is let in."""

from __future__ import annotations

import hmac

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.web.responses import send_json

_OPEN = ("/health",)
_LONGEST_ADDRESS = 64


def gate(secret: str) -> list[Middleware]:
    """Return the gate where there is a secret."""
    return [Middleware(WorkerAuthMiddleware, secret=secret.encode())] if secret else []


class WorkerAuthMiddleware:
    """Refuses every request without the secret, but for the health check, before anything else.

    Whoever knows the secret is believed in what they say of their client's address.
    """

    def __init__(self, app: ASGIApp, secret: bytes) -> None:
        self._app = app
        self._expected = b"Bearer " + secret

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer with 401."""
        if scope["type"] == "lifespan" or self._is_open(scope):
            await self._app(scope, receive, send)
        elif self._is_known(scope):
            await self._app(_with_client(scope), receive, send)
        else:
            error = {"code": "UNAUTHORIZED", "message": "no valid credential", "retryable": False}
            await send_json(scope, send, {"error": error}, 401, [(b"www-authenticate", b"Bearer")])

    def _is_open(self, scope: Scope) -> bool:
        return scope["path"] in _OPEN and scope.get("method") in ("GET", "HEAD")

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._expected)


def _with_client(scope: Scope) -> Scope:
    """Return the scope with the client that the Worker names."""
    for name, value in scope["headers"]:
        if name == b"cf-connecting-ip" and 0 < len(value) <= _LONGEST_ADDRESS:
            return {**scope, "client": (value.decode("latin-1"), 0)}
    return scope
