"""GET /health, and a page's trace in development."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Scope, Send

from app import __version__
from app.services.sqlite import StorageError
from app.storefront import Storefront
from app.web.respond import Body, Reply, send_reply
from app.web.security import file_headers

Checks = Callable[[], Awaitable[Mapping[str, str]]]

_TIMEOUT = 2.0


class Health:
    """Says how the parts are, asking no model anything. `checks` gives `ok` or what is wrong."""

    def __init__(self, checks: Checks, uptime: Callable[[], float]) -> None:
        self._checks = checks
        self._uptime = uptime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the contract's health object."""
        checks = dict(await self._checks())
        good = all(state in ("ok", "not_configured") for state in checks.values())
        report = {
            "status": "healthy" if good else "degraded",
            "version": __version__,
            "uptime_seconds": round(self._uptime(), 1),
            "checks": checks,
        }
        await send_json(scope, send, report)


async def state_of(asked: Awaitable[object]) -> str:
    """Return `ok` where a part answers, else what it failed with."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            await asked
    except (StorageError, TimeoutError) as error:
        return f"failed: {type(error).__name__}"
    return "ok"


class PageTrace:
    """GET /debug/pages/{id}: what happened to a page. Only there in development."""

    def __init__(self, storefront: Storefront) -> None:
        self._storefront = storefront

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a trace, or 404."""
        trace = self._storefront.composing.traces.get(scope["path_params"]["page_id"])
        if trace is None:
            await send_json(scope, send, {"error": "no such page"}, 404)
        else:
            await send_json(scope, send, trace.whole())


async def send_json(scope: Scope, send: Send, payload: object, status: int = 200) -> None:
    """Send an object as JSON, never cached."""
    body = Body(json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode())
    headers = [*file_headers(), (b"content-type", b"application/json")]
    await send_reply(scope, send, Reply(body, headers, status, [(b"cache-control", b"no-store")]))
