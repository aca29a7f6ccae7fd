"""Authorises requests: the Worker by its secret, operators by their token."""

from __future__ import annotations

import base64
import hmac
from functools import cache
from pathlib import Path

from jinja2 import Template
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from app.pages.shells import ShopView
from app.rendering.templates import environment
from app.util.http_body import zipped
from app.web.context import AppContext
from app.web.local_caller import is_local
from app.web.responses import NO_STORE, Response, send_json, send_response

_OPEN = ("/health", "/metrics", "/insights", "/status")
"""What needs no credential of the Worker's: these ask for an operator's."""

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
        is_open = scope.get("path") in _OPEN and scope.get("method") in ("GET", "HEAD")
        if is_open or scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif self._is_known(scope):
            await self._app(_with_client(scope), receive, send)
        else:
            await send_unauthorized(scope, send)

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._expected)


async def send_unauthorized(scope: Scope, send: Send, scheme: bytes = b"Bearer") -> None:
    """Answer with 401; `scheme` says how to come again."""
    error = {"code": "UNAUTHORIZED", "message": "no valid credential", "retryable": False}
    await send_json(scope, send, {"error": error}, 401, [(b"www-authenticate", scheme)])


class OperatorPage:
    """What operators are told: as a page, or as JSON where asked for; 401 to anybody else.

    A browser asks for the token in the name of the `realm`. `template` draws the page.
    """

    realm = ""
    template = Path()

    def __init__(self, web: AppContext, token: str) -> None:
        self._web = web
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer an operator."""
        if is_operator(scope, self._token):
            await self.answer(scope, send)
            return
        scheme = f'Basic realm="{self.realm}", charset="UTF-8"' if self.realm else "Bearer"
        await send_unauthorized(scope, send, scheme.encode())

    async def answer(self, scope: Scope, send: Send) -> None:
        """Answer who may know."""
        raise NotImplementedError

    async def send_report(
        self, scope: Scope, send: Send, view: ShopView, report: object, **drawn: object
    ) -> None:
        """Send a report, drawn for a shop; the template gets `drawn` as well."""
        if dict(scope["headers"]).get(b"accept", b"").startswith(b"application/json"):
            await send_json(scope, send, report)
            return
        html = _template(self.template).render(url=view.urls, report=report, **drawn)
        response = Response(zipped(html.encode()), view.headers, 200, [NO_STORE])
        await send_response(scope, send, response)


@cache
def _template(path: Path) -> Template:
    return environment(path.parent).get_template(path.name)


def is_operator(scope: Scope, token: str) -> bool:
    """Say whether a request knows the operators' token, or was sent from this machine itself.

    A proxy on this machine speaks for others, so what shows any sign of one needs the token.
    """
    given = dict(scope["headers"]).get(b"authorization", b"")
    if token and hmac.compare_digest(_token_in(given), token.encode()):
        return True
    return is_local(scope)


def _token_in(given: bytes) -> bytes:
    """Return the token that a header presents: itself, or as a password with any name."""
    scheme, _, credential = given.partition(b" ")
    if scheme.lower() != b"basic":
        return credential if scheme.lower() == b"bearer" else b""
    try:
        return base64.b64decode(credential, validate=True).partition(b":")[2]
    except ValueError:
        return b""


def _with_client(scope: Scope) -> Scope:
    """Return the scope with the client that the Worker names."""
    for name, value in scope["headers"]:
        if name == b"cf-connecting-ip" and 0 < len(value) <= _LONGEST_ADDRESS:
            return {**scope, "client": (value.decode("latin-1"), 0)}
    return scope
