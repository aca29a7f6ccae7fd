"""The app without Starlette's exception responses, and its pages for 404, 405 and 500."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app.util.http_body import Answer, AtOnce, Body
from app.web.context import AppContext
from app.web.headers import FILE_HEADERS
from app.web.notices import FAILED
from app.web.responses import Response, send_response, send_text
from app.web.store import StorePage


class ShopApp(Starlette):
    """Starlette without what makes responses of exceptions: here each is a mistake of ours."""

    @cached_property
    def _fixed(self) -> Mapping[tuple[str, str], ASGIApp]:
        """What answers at addresses that are one path, by path and method."""
        return {
            (route.path, method): route.app
            for route in self.routes
            if isinstance(route, Route) and "{" not in route.path
            for method in route.methods or ()
        }

    @cached_property
    def _at_once(self) -> Mapping[tuple[str, str], AtOnce]:
        """What answers without waiting, unless there is middleware to be asked first."""
        found = {} if self.user_middleware else self._fixed
        return {key: app.at_once for key, app in found.items() if isinstance(app, StorePage)}

    def at_once(self, scope: Scope) -> Answer | None:
        """Return the answer to a request of which nothing has to be waited for, else None."""
        answer = self._at_once.get((scope["path"], scope["method"]))
        with suppress(Exception):  # it is raised again, and answered, where one waits
            return answer(scope) if answer else None
        return None

    def build_middleware_stack(self) -> ASGIApp:
        """Return the router, which has the page for 500, within the middleware that was given.

        Starlette would wrap each request, and each part of its response, three times, and try one
        route after the other although most addresses are those of one.
        """
        failed: Any = self.exception_handlers[500]
        fixed = self._fixed

        async def find(scope: Scope, receive: Receive, send: Send) -> None:
            endpoint = fixed.get((scope["path"], scope["method"]), self.router)
            try:
                await endpoint(scope, receive, send)
            except Exception as error:
                response = await failed(Request(scope), error)
                with suppress(RuntimeError):  # uvicorn's, where a response has begun
                    await response(scope, receive, send)
                raise

        app: ASGIApp = find
        for middleware, args, kwargs in reversed(self.user_middleware):
            app = middleware(app, *args, **kwargs)
        return app


class NotFound:
    """Answers every request that none of the routes answers."""

    def __init__(self, web: AppContext, routes: Sequence[Route]) -> None:
        self._web = web
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lead to the address without a slash at its end, if that is one; else say what is wrong.

        That is 405 where another method would do, and else 404 with a way into the shop.
        """
        if scope["raw_path"].endswith(b"/") and self._is_page(scope["path"][:-1], scope):
            query = b"?" + scope["query_string"] if scope["query_string"] else b""
            location = (b"location", scope["raw_path"][:-1] + query)
            await send_response(scope, send, Response(Body(b""), FILE_HEADERS, 308, [location]))
            return
        allowed = {
            method
            for route in self._routes
            if route.matches(scope)[0] is Match.PARTIAL
            for method in route.methods or ()
        }
        if not allowed:
            await self._web.send_not_found(scope, send, None)
            return
        allow = (b"allow", ", ".join(sorted(allowed)).encode())
        await send_text(scope, send, "Method Not Allowed", 405, [allow])

    def _is_page(self, path: str, scope: Scope) -> bool:
        matches = (route.matches({**scope, "path": path})[0] for route in self._routes)
        return any(match is Match.FULL for match in matches)


async def server_error(web: AppContext, _request: Request, _error: Exception) -> HTMLResponse:
    """Answer for a mistake of ours, in a page's form."""
    view = web.site.current.default
    html = web.renderer.message_page(view.shop, *FAILED)
    headers = {name.decode(): value.decode() for name, value in view.headers}
    return HTMLResponse(html, 500, headers=headers)
