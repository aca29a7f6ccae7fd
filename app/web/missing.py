"""Whatever has no address of its own: the designed page for what is not there."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from app.web.counters import Web


class NotFound:
    """Answers every address that nothing else answers."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 404 and a way back into the shop."""
        await self._web.send_not_found(scope, send, None)
