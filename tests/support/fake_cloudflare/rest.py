"""Cloudflare's REST API for KV and D1: envelopes, a rate limit that blocks, keys that fail."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.fake_cloudflare.d1 import D1, Refused
from tests.support.fake_cloudflare.faults import Faults
from tests.support.fake_cloudflare.kv import WorkersKv

TOKEN = "a-token-nobody-may-see"  # noqa: S105 - made for tests
ACCOUNT, NAMESPACE, DATABASE = "acc0", "ns0", "db0"
_KV = f"/accounts/{ACCOUNT}/storage/kv/namespaces/{NAMESPACE}"
_D1 = f"/accounts/{ACCOUNT}/d1/database/{DATABASE}/query"


class RestApi:
    """`calls` are those that were let through; `unlucky` keys fail once each in a bulk write."""

    def __init__(
        self, kv: WorkersKv, d1: D1, limit: int = 1200, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.kv = kv
        self.d1 = d1
        self.faults = Faults()
        self.calls: list[tuple[str, str]] = []
        self.blocked = 0
        self.unlucky: set[str] = set()
        self.headers: dict[str, str] = {}
        self._limit = limit
        self._clock = clock
        self._times: list[float] = []
        routes = {
            f"{_KV}/bulk": (self._bulk, "PUT"),
            f"{_KV}/values/{{key:path}}": (self._value, "GET"),
            f"{_KV}/values/{{key:path}}/": (self._value, "GET"),
            _D1: (self._query, "POST"),
        }
        self.app = Starlette(
            routes=[
                Route(path, answer, methods=[method, "DELETE"])
                for path, (answer, method) in routes.items()
            ]
        )

    async def _let_in(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _envelope(None, 403, 10000)
        now = self._clock()
        self._times = [at for at in self._times if at > now - 300]
        if len(self._times) >= self._limit:
            self.blocked += 1
            return _envelope(None, 429, 971, {"retry-after": "300"})
        self._times.append(now)
        self.calls.append((request.method, request.url.path))
        return await self.faults.next()

    async def _bulk(self, request: Request) -> Response:
        if refusal := await self._let_in(request):
            return refusal
        pairs = await request.json()
        if len(pairs) > 10_000:
            return _envelope(None, 400, 10024)
        missed = [pair["key"] for pair in pairs if not self._write(pair)]
        return self._good(
            {"successful_key_count": len(pairs) - len(missed), "unsuccessful_keys": missed}
        )

    def _write(self, pair: dict[str, Any]) -> bool:
        key, value = pair["key"], pair["value"]
        if key in self.unlucky:
            self.unlucky.discard(key)
            return False
        data = base64.b64decode(value) if pair.get("base64") else value.encode()
        return self.kv.put(key, data, pair["expiration_ttl"]) == 204

    async def _value(self, request: Request) -> Response:
        if refusal := await self._let_in(request):
            return refusal
        key = unquote(request.scope["raw_path"].decode().rpartition("/values/")[2])
        if request.method == "DELETE":
            self.kv.delete(key)
            return self._good({})
        value = self.kv.get(key)
        if value is None:
            return _envelope(None, 404, 10009)
        return Response(value, headers=self.headers)

    async def _query(self, request: Request) -> Response:
        if refusal := await self._let_in(request):
            return refusal
        told = await request.json()
        batch = told.get("batch", [told])
        try:
            found = self.d1.batch([(item["sql"], item.get("params", [])) for item in batch])
        except Refused:
            return _envelope(None, 400, 7500)
        meta = {"duration": 0.1, "rows_read": 1}
        return self._good([{"results": rows, "success": True, "meta": meta} for rows in found])

    def _good(self, result: object) -> Response:
        body = {"success": True, "errors": [], "messages": [], "result": result}
        return JSONResponse(body, headers=self.headers)


def _envelope(
    result: object, status: int, code: int, headers: dict[str, str] | None = None
) -> Response:
    errors = [{"code": code, "message": "a message nobody should repeat"}]
    body = {"success": False, "errors": errors, "messages": [], "result": result}
    return JSONResponse(body, status, headers)
