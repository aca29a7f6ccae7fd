"""GET /health."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.types import Receive, Scope, Send

from app import __version__
from app.storage.errors import StorageError
from app.storage.factory import Storage
from app.storage.kv.retrying import RetryingKv
from app.web.responses import send_json

TIMEOUT = 2.0
"""Seconds that an engine may take to show that it is there."""

_TTL = 60

Checks = Callable[[], Awaitable[Mapping[str, str]]]


class Health:
    """Says how the parts are, asking no model anything. `checks` gives `ok` or what is wrong.

    What it gave is repeated for so many seconds, since asking may cost calls that are counted.
    """

    def __init__(
        self, checks: Checks, uptime: Callable[[], float], repeated_for: float = 0.0
    ) -> None:
        self._checks = checks
        self._uptime = uptime
        self._repeated_for = repeated_for
        self._checked: Mapping[str, str] = {}
        self._checked_until = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the contract's health object."""
        await send_json(scope, send, await self.report())

    async def report(self) -> Mapping[str, Any]:
        """Return the contract's health object."""
        checks = await self._current()
        good = all(state in ("ok", "not_configured") for state in checks.values())
        return {
            "status": "healthy" if good else "degraded",
            "version": __version__,
            "uptime_seconds": round(self._uptime(), 1),
            "checks": checks,
        }

    async def _current(self) -> Mapping[str, str]:
        if self._uptime() >= self._checked_until:
            self._checked = await self._checks()
            self._checked_until = self._uptime() + self._repeated_for
        return self._checked


async def check_storage(storage: Storage, pages: RetryingKv) -> Mapping[str, str]:
    """Return how KV and the database are, by writing something to each.

    To KV goes what `pages` could not write, if there is any: it takes more room than a test.
    """

    async def write() -> None:
        await storage.kv.put("health", b"1", _TTL)
        await pages.check()

    kv, database = await asyncio.gather(_check(write()), _check(storage.database.check()))
    return {"kv_connection": kv, "database": database}


async def _check(call: Awaitable[object]) -> str:
    """Return `ok`, or what kind of failure came of asking a store for something."""
    try:
        async with asyncio.timeout(TIMEOUT):
            await call
    except StorageError as error:
        return f"failed: {error.reason}"
    except TimeoutError:
        return "failed: TimeoutError"
    return "ok"
