"""A stand-in of a Shopify store: its Admin API, the files of bulk queries, and its webhooks."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.catalog import permalinks, shopify_api, shopify_store
from tests.support.serving import serving
from tools.support import http

SECRET = "shpss_the-secret-of-the-app"  # noqa: S105 - of a stand-in
TOKEN = "shpat_given-for-a-day"  # noqa: S105 - likewise


def stamp(second: int) -> str:
    """Return a time, so many seconds after the stand-in's day began."""
    hours, rest = divmod(second, 3600)
    return f"2026-11-26T{8 + hours:02}:{rest // 60:02}:{rest % 60:02}Z"


def variant(number: int, price: str, stock: int, *values: str) -> dict[str, Any]:
    """Return a variant as the Admin API has it."""
    return {
        "id": f"gid://shopify/ProductVariant/{number}",
        "legacyResourceId": str(number),
        "sku": "",
        "price": price,
        "compareAtPrice": None,
        "inventoryQuantity": stock,
        "inventoryPolicy": "DENY",
        "inventoryItem": {"tracked": True},
        "selectedOptions": [{"value": value} for value in values or ("Default Title",)],
        "image": None,
    }


class FakeShopify:
    """A store, with its `products` as they are now; `questions` counts what it is asked, by kind.

    A bulk query's answer is what there was when it began, as Shopify's is; `polls_until_done` is
    how long that takes. `fault` changes what is said of one that begins, `file` may answer with
    something else, and `single` where one product is asked for.
    """

    def __init__(self) -> None:
        self.products: dict[int, dict[str, Any]] = {}
        self.questions: Counter[str] = Counter()
        self.fault: dict[str, Any] = {}
        self.polls_until_done = 0
        self.file: Callable[[str], Response | None] = lambda _: None
        self.single: Callable[[dict[str, Any]], dict[str, Any] | None] = lambda _: None
        self.status = 200
        self.endpoint = "https://corner.example/buy"
        self.address = ""
        self.app = Starlette(
            routes=[
                Route("/admin/oauth/access_token", self._grant, methods=["POST"]),
                Route("/admin/api/2026-10/graphql.json", self._graphql, methods=["POST"]),
                Route("/results/{number}", self._results),
                Route("/.well-known/ucp", self._profile),
            ]
        )
        self._clock = count(1)
        self._ids = count(1)
        self._operation: dict[str, Any] = {}
        self._results_of: dict[str, Response] = {}

    def put(self, number: int, title: str, *variants: dict[str, Any], **changes: Any) -> None:
        """Put a product into the store, or in the place of the one of this number."""
        self.products[number] = {
            "id": f"gid://shopify/Product/{number}",
            "handle": title.lower().replace(" ", "-"),
            "title": title,
            "descriptionHtml": f"<p>A {title}.</p>",
            "vendor": "Bench Four",
            "productType": "Kitchen",
            "category": None,
            "tags": ["new"],
            "status": "ACTIVE",
            "publishedAt": stamp(0),
            "updatedAt": stamp(next(self._clock)),
            "options": [{"name": "Size" if len(variants) > 1 else "Title"}],
            "featuredMedia": None,
            "variants": list(variants),
            **changes,
        }

    def reprice(self, number: int, price: str) -> dict[str, Any]:
        """Give all of a product another price; return what a webhook says of it."""
        product = self.products[number]
        for one in product["variants"]:
            one["price"] = price
        product["updatedAt"] = stamp(next(self._clock))
        return {"id": number, "updated_at": product["updatedAt"]}

    def restock(self, number: int, left: int) -> dict[str, Any]:
        """Change a stock, of which the product itself says nothing; return the webhook's words."""
        self.products[number]["variants"][0]["inventoryQuantity"] = left
        return {"inventory_item_id": number * 10, "updated_at": stamp(next(self._clock))}

    def webhook(
        self,
        shop: str,
        topic: str,
        payload: dict[str, Any],
        *,
        name: str = "",
        secret: str = SECRET,
    ) -> httpx.Response:
        """Send a webhook, signed with the secret, to a shop's address."""
        body = json.dumps(payload).encode()
        digest = hmac.digest(secret.encode(), body, hashlib.sha256)
        headers = {
            "content-type": "application/json",
            "x-shopify-topic": topic,
            "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
            "x-shopify-webhook-id": name or f"webhook-{next(self._ids)}",
        }
        return http.post(f"{shop}/shopify/webhooks", content=body, headers=headers)

    def lines(self) -> str:
        """Return the answer of a bulk query that begins now."""
        nodes = []
        for product in self.products.values():
            nodes.append({name: product[name] for name in product if name != "variants"})
            nodes += [{**one, "__parentId": product["id"]} for one in product["variants"]]
        return "".join(f"{json.dumps(node)}\n" for node in nodes).replace("/", "\\/")

    async def _grant(self, request: Request) -> Response:
        self.questions["token"] += 1
        given = await request.json()
        known = (given["client_id"], given["client_secret"]) == ("app", SECRET)
        granted = {"access_token": TOKEN, "expires_in": 86_399}
        return JSONResponse(granted if known else {}, 200 if known else 400)

    async def _graphql(self, request: Request) -> Response:
        self.questions["all"] += 1
        if self.status != 200 or request.headers.get("x-shopify-access-token") != TOKEN:
            return Response("", self.status if self.status != 200 else 401)
        asked = await request.json()
        query, variables = asked["query"], asked["variables"] or {}
        for sign, answer in (
            ("bulkOperationRunQuery", self._begin),
            ("on BulkOperation", self._poll),
            ("on InventoryItem", self._item),
            ("product(id", self._product),
            ("shop {", self._shop),
        ):
            if sign in query:
                self.questions[answer.__name__.strip("_")] += 1
                found = answer(variables)
                return JSONResponse(found if "errors" in found else {"data": found})
        return JSONResponse({"errors": [{"message": "no such field"}]})

    def _shop(self, _: dict[str, Any]) -> dict[str, Any]:
        shop = {"name": "Corner of Shopify", "currencyCode": "EUR"}
        return {"shop": {**shop, "primaryDomain": {"host": "corner.example"}}}

    def _begin(self, _: dict[str, Any]) -> dict[str, Any]:
        number = f"{next(self._ids)}"
        lines = self.lines()
        self._results_of[number] = self.file(lines) or Response(lines)
        self._operation = {
            "status": "COMPLETED",
            "errorCode": None,
            "objectCount": str(lines.count("\n")),
            "url": f"{self.address}/results/{number}",
            **self.fault,
        }
        begun = {"id": "gid://shopify/BulkOperation/1"}
        return {"bulkOperationRunQuery": {"bulkOperation": begun, "userErrors": []}}

    def _poll(self, _: dict[str, Any]) -> dict[str, Any]:
        if self.polls_until_done > 0:
            self.polls_until_done -= 1
            return {"node": {**self._operation, "status": "RUNNING", "url": None}}
        return self._operation if "errors" in self._operation else {"node": self._operation}

    def _item(self, variables: dict[str, Any]) -> dict[str, Any]:
        number = int(variables["id"].rpartition("/")[2]) // 10
        product = self.products.get(number)
        return {"node": product and {"variant": {"product": {"id": product["id"]}}}}

    def _product(self, variables: dict[str, Any]) -> dict[str, Any]:
        changed = self.single(variables)
        if changed is not None:
            return changed
        found = self.products.get(int(variables["id"].rpartition("/")[2]))
        if found is None:
            return {"product": None}
        product, after = copy.deepcopy(found), int(variables["after"] or 0)
        page = product["variants"][after : after + 50]
        end = after + len(page)
        more = end < len(product["variants"])
        info = {"hasNextPage": more, "endCursor": str(end)}
        return {"product": {**product, "variants": {"nodes": page, "pageInfo": info}}}

    async def _profile(self, _: Request) -> Response:
        self.questions["profile"] += 1
        permalink = [{"version": "2026-08-25", "config": {"endpoint": self.endpoint}}]
        capabilities = {"dev.ucp.shopping.permalink": permalink if self.endpoint else []}
        profile = {"ucp": {"version": "2026-08-25", "capabilities": capabilities}}
        return JSONResponse(profile, self.status)

    async def _results(self, request: Request) -> Response:
        self.questions["results"] += 1
        assert "x-shopify-access-token" not in request.headers, "the token is for the store alone"
        return self._results_of[request.path_params["number"]]


@contextmanager
def open_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShopify]:
    """Open a store of two products that are sold and two that are not, asked without long pauses."""
    monkeypatch.setattr(shopify_store, "_BETWEEN", 0.1)
    monkeypatch.setattr(shopify_store, "_AGAIN", 0.1)
    monkeypatch.setattr(shopify_api, "_FIRST_PAUSE", 0.02)
    made = FakeShopify()
    made.put(1, "Jug", variant(11, "12.00", 3))
    made.put(2, "Oak Board", variant(21, "48.00", 7, "Small"), variant(22, "66.00", 0, "Large"))
    made.put(3, "Draft", variant(31, "1.00", 1), status="DRAFT")
    made.put(4, "Hidden", variant(41, "1.00", 1), publishedAt=None)
    with serving(made.app) as address:
        made.address = address
        monkeypatch.setattr(permalinks, "_profile", lambda _: f"{address}/.well-known/ucp")
        yield made


def followed(store: FakeShopify, **environment: str) -> dict[str, str]:
    """Return the environment of a shop that follows the store."""
    return {
        "WANDSTORE_SHOPIFY_STORE": store.address,
        "WANDSTORE_SHOPIFY_CLIENT_ID": "app",
        "WANDSTORE_SHOPIFY_SECRET": SECRET,
        "WANDSTORE_CATALOG_SECONDS": "0.02",
        **environment,
    }
