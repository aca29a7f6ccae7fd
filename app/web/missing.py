"""What has no page of its own: the way in, what is not there, and what went wrong."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from app.web.counters import Web


class NotFound:
    """Answers every address that nothing else answers."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with 404 and a way back into the shop."""
        await self._web.send_not_found(scope, send, None)


async def to_the_store(_: Request) -> Response:
    """Lead from the root into the shop."""
    return RedirectResponse("/store", 307)


async def failed(web: Web, _request: Request, _error: Exception) -> Response:
    """Answer for a mistake of ours, in a page's form."""
    html = web.renderer.message_page(
        web.default.counter.shop,
        "Something went wrong",
        "That was our fault, not yours. Please try again in a moment.",
    )
    headers = {name.decode(): value.decode() for name, value in web.default.headers}
    return HTMLResponse(html, 500, headers=headers)
