"""`python -m tools.bench.peers.datastar_app MODEL_URL PAGE`: the page by Datastar for Python.

Starlette and uvicorn as the shop has them; httpx reads the model, jiter what it has written so far,
our own templates draw each part, and Datastar sends it to the browser once it is whole.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import jiter
import uvicorn
from datastar_py import ServerSentEventGenerator
from datastar_py.starlette import DatastarResponse
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from app.content.site import read_site
from app.pages.site import build_renderer
from app.settings import Settings
from tools.support.server import HeldPort


def app(model_url: str, page: bytes) -> Starlette:
    """Return an app that sends the page at /store, and what fills it at /stream."""
    content = read_site(Settings())
    renderer, shop = build_renderer(content), content.catalogs.default
    slots = {slot.id for slot in content.library.slots}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            app.state.client = client
            yield

    async def store(_: Request) -> HTMLResponse:
        return HTMLResponse(page)

    async def stream(request: Request) -> DatastarResponse:
        async def patches() -> AsyncIterator[str]:
            open_slots = set(slots)
            async for part in parts(request.app.state.client, model_url):
                kind = part["type"]
                if kind in open_slots:
                    open_slots.remove(kind)
                    html = renderer.draw(kind, kind, SimpleNamespace(**part["config"]), shop)
                    yield ServerSentEventGenerator.patch_elements(
                        html, selector=f'[data-slot="{kind}"]', mode="inner"
                    )

        return DatastarResponse(patches())

    return Starlette(routes=[Route("/store", store), Route("/stream", stream)], lifespan=lifespan)


async def parts(client: httpx.AsyncClient, model_url: str) -> AsyncIterator[dict[str, Any]]:
    """Yield the model's parts as they are whole: each once the next has begun, or at the end."""
    text, done, known = "", 0, []
    async with client.stream(
        "POST", f"{model_url}/chat/completions", json={"stream": True}
    ) as answer:
        async for line in answer.aiter_lines():
            if not line.startswith("data: {"):
                continue
            text += json.loads(line[6:])["choices"][0]["delta"]["content"]
            known = jiter.from_json(text.encode(), partial_mode="trailing-strings").get(
                "components", []
            )
            while done < len(known) - 1:
                yield known[done]
                done += 1
    for part in known[done:]:
        yield part


if __name__ == "__main__":
    _, model_url, page = sys.argv
    with HeldPort() as port:
        sys.stdout.write(f"{port.url}\n")
        sys.stdout.flush()
        uvicorn.run(
            app(model_url, Path(page).read_bytes()),
            host="127.0.0.1",
            port=port.number,
            loop="uvloop",
            http="httptools",
            log_level="error",
        )
