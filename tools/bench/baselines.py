"""What the shop is measured beside: the least that could be served in its place.

`html` gives one answer, kept as JSON, through Starlette's HTMLResponse; `pass` passes a model's
stream through with httpx, chunk by chunk; `idle` sends the head of a stream and waits. All on
uvicorn, with the same loop and parser as the shop.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send


def html_app(path: Path) -> ASGIApp:
    """Return an app that answers every /store with the same bytes and headers."""
    answer = json.loads(path.read_text())
    body, headers = answer["body"].encode(), answer["headers"]

    async def store(_: Request) -> HTMLResponse:
        return HTMLResponse(body, headers=headers)

    return Starlette(routes=[Route("/store", store)])


def pass_app(model_url: str) -> ASGIApp:
    """Return an app that opens a stream of the model's and hands on each chunk as it comes."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            app.state.client = client
            yield

    class Pass:
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            client: httpx.AsyncClient = scope["app"].state.client
            head = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            url = f"{model_url}/chat/completions"
            async with client.stream("POST", url, json={"stream": True}) as response:
                async for chunk in response.aiter_bytes():
                    message = {"type": "http.response.body", "body": chunk, "more_body": True}
                    await send(message)
            await send({"type": "http.response.body", "body": b""})

    return Starlette(routes=[Route("/stream", Pass())], lifespan=lifespan)


async def idle_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Open a stream and say nothing on it, but for its first line, until its reader leaves."""
    if scope["type"] != "http":
        return
    head = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": b": open\n\n", "more_body": True})
    if scope["path"] == "/stream":
        while (await receive())["type"] != "http.disconnect":
            pass
    await send({"type": "http.response.body", "body": b""})


def _app(kind: str, argument: str) -> ASGIApp:
    if kind == "html":
        return html_app(Path(argument))
    return pass_app(argument) if kind == "pass" else idle_app


if __name__ == "__main__":
    _, kind, argument, port = sys.argv
    app = _app(kind, argument)
    uvicorn.run(
        app, host="127.0.0.1", port=int(port), loop="uvloop", http="httptools", log_level="error"
    )
