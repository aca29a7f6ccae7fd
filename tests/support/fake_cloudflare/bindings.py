"""The Worker's outbound handlers, as docs/bindings.md has them."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.fake_cloudflare.d1 import D1, Refused
from tests.support.fake_cloudflare.faults import Faults
from tests.support.fake_cloudflare.kv import WorkersKv


class Bindings:
    """Serves KV at `/kv/{key}` and D1 at `/d1/`. `seen` has each request with its credential."""

    def __init__(self, kv: WorkersKv, d1: D1) -> None:
        self.kv = kv
        self.d1 = d1
        self.faults = Faults()
        self.seen: list[tuple[str, str, str]] = []
        self.app = Starlette(
            routes=[
                Route("/kv/{key:path}", self._pair, methods=["GET", "PUT", "DELETE"]),
                Route("/d1/", self._query, methods=["POST"]),
            ]
        )

    async def _pair(self, request: Request) -> Response:
        self._note(request)
        if fault := await self.faults.next():
            return fault
        raw = request.scope["raw_path"].decode().removeprefix("/kv/")
        if "/" in raw:
            return Response(status_code=404)
        key = unquote(raw)
        if request.method == "PUT":
            ttl = int(request.query_params["ttl"])
            return Response(status_code=self.kv.put(key, await request.body(), ttl))
        if request.method == "DELETE":
            self.kv.delete(key)
            return Response(status_code=204)
        value = self.kv.get(key)
        return Response(status_code=404) if value is None else Response(value)

    async def _query(self, request: Request) -> Response:
        self._note(request)
        if fault := await self.faults.next():
            return fault
        told = await request.json()
        statements = [(item["sql"], item["params"]) for item in told["statements"]]
        if len(statements) > 50:
            return Response(status_code=400)
        try:
            return JSONResponse({"results": self.d1.batch(statements)})
        except Refused:
            return Response("a message nobody should repeat", 400)

    def _note(self, request: Request) -> None:
        credential = request.headers.get("authorization", "")
        self.seen.append((request.method, request.url.path, credential))
