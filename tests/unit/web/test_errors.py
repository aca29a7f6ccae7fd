"""A mistake of ours: the page for it where nothing has been said yet, and never in silence."""

from __future__ import annotations

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from app.web.errors import ShopApp

pytestmark = pytest.mark.anyio


class Fails:
    """Ends with a mistake, before its response begins or after."""

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        if scope["path"] == "/midway":
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError


async def _failed(_: Request, error: Exception) -> PlainTextResponse:
    return PlainTextResponse(type(error).__name__, 500)


async def nothing() -> Message:
    return {"type": "http.request"}


@pytest.mark.parametrize(
    ("path", "said"), [("/at-once", [500, b"ZeroDivisionError"]), ("/midway", [200])]
)
async def test_a_mistake_has_its_page_unless_a_response_has_begun_and_is_raised(
    path: str, said: list[object]
) -> None:
    routes = [Route(at, Fails(), methods=["GET"]) for at in ("/at-once", "/midway")]
    app = ShopApp(routes=routes, exception_handlers={500: _failed})
    heard: list[object] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start" and heard:
            raise RuntimeError("it has begun, as uvicorn says")
        heard.append(message.get("status", message.get("body")))

    scope = {"type": "http", "method": "GET", "path": path, "headers": []}
    with pytest.raises(ZeroDivisionError):
        await app(scope, nothing, send)
    assert heard == said
