"""Shopify's Admin API: a product as it is now, and a bulk query for all of them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.catalog.download import read, save, within
from app.catalog.problems import CatalogError, shown
from app.catalog.shopify_lines import PRODUCT, VARIANT, Change, as_lines, count_lines, moment
from app.catalog.variants import MOST_VARIANTS
from app.settings import ShopifySettings

if TYPE_CHECKING:
    import httpx

_VERSION = "2026-10"
_WHOLE, _DOWNLOAD, _BULK = 30.0, 300.0, 3_600.0
"""Seconds that an answer, a download, and a bulk query may take."""

_MOST_BYTES = 4 * 1024 * 1024
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 10.0
_EARLY = 300.0
"""Seconds before its end from which on a token is not used any more."""

_OK, _UNAUTHORIZED = 200, 401
_A_PAGE = 50
"""Variants asked for at once: what a question may cost is limited."""

_SHOP_QUERY = "{ shop { name currencyCode primaryDomain { host } } }"
_BULK_QUERY = (
    f"{{ products {{ edges {{ node {{ {PRODUCT}"
    f" variants {{ edges {{ node {{ {VARIANT} }} }} }} }} }} }} }}"
)
_START = """mutation ($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id } userErrors { message }
  }
}"""
_POLL = """query ($id: ID!) {
  node(id: $id) { ... on BulkOperation { status errorCode objectCount url } }
}"""
_PRODUCT_QUERY = (
    f"query ($id: ID!, $after: String) {{ product(id: $id) {{ {PRODUCT}"
    f" variants(first: {_A_PAGE}, after: $after) {{"
    f" nodes {{ {VARIANT} }} pageInfo {{ hasNextPage endCursor }} }} }} }}"
)
_ITEM_QUERY = """query ($id: ID!) {
  node(id: $id) { ... on InventoryItem { variant { product { id } } } }
}"""


class AdminApi:
    """Asks a store. What fails raises CatalogError.

    Neither token nor secret is ever in a message, and both go to the store alone.
    """

    def __init__(self, account: ShopifySettings, client: httpx.AsyncClient) -> None:
        self._account = account
        self._client = client
        self._token = account.token
        self._token_until = float("inf") if account.token else 0.0

    async def shop(self) -> dict[str, object]:
        """Return what the store says of itself: `name`, `currency` and `domain`."""
        with self._understood():
            found = (await self._ask(_SHOP_QUERY))["shop"]
            domain = found["primaryDomain"]["host"]
            return {"name": found["name"], "currency": found["currencyCode"], "domain": domain}

    async def product_of(self, item: str) -> str:
        """Return the id of the product that an inventory item is of; empty where it is of none."""
        with self._understood():
            node = (await self._ask(_ITEM_QUERY, {"id": item}))["node"] or {}
            variant = node.get("variant") or {}
            return str((variant.get("product") or {}).get("id") or "")

    async def product(self, product: str) -> Change:
        """Return a product as it is now."""
        variants: list[Mapping[str, object]] = []
        after: str | None = None
        with self._understood():
            while True:
                variables = {"id": product, "after": after}
                found = (await self._ask(_PRODUCT_QUERY, variables))["product"]
                if found is None:
                    return Change()
                page = found.pop("variants")
                variants += page["nodes"]
                after = page["pageInfo"]["endCursor"]
                if not page["pageInfo"]["hasNextPage"] or len(variants) >= MOST_VARIANTS:
                    return Change(as_lines(found, variants), moment(found.get("updatedAt")))

    async def save_all(self, file: Path, largest: int) -> None:
        """Write all products into a file, as a bulk query sends them."""
        with self._understood():
            begun = (await self._ask(_START, {"query": _BULK_QUERY}))["bulkOperationRunQuery"]
            if begun["userErrors"] or not begun["bulkOperation"]:
                messages = (shown(error.get("message")) for error in begun["userErrors"])
                raise self.failure(f"the bulk query was refused: {'; '.join(messages)}")
            operation = await self._finished(begun["bulkOperation"]["id"])
            url, objects = operation["url"], int(operation["objectCount"])
        if not url:
            raise self.failure("the store has no products")
        async with (
            within(_DOWNLOAD, self.failure),
            self._client.stream("GET", url) as response,
        ):
            if response.status_code != _OK:
                raise self.failure(f"the bulk query's answer: HTTP {response.status_code}")
            await asyncio.to_thread(file.parent.mkdir, parents=True, exist_ok=True)
            if not await save(response, file, largest):
                raise self.failure(f"is larger than {largest:,} bytes")
        lines = await asyncio.to_thread(count_lines, file)
        if lines != objects:
            whole = f"{lines} lines can be read of {objects}"
            raise self.failure(f"the bulk query's answer is not whole: {whole}")

    def failure(self, reason: str) -> CatalogError:
        """Return an error of this store."""
        host = urlsplit(self._account.store).hostname or "shopify"
        return CatalogError.of(Path(host), reason)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        """Take an answer of another form than it should have for a failure."""
        try:
            yield
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise self.failure(f"answers in another form: {type(error).__name__}") from None

    async def _finished(self, operation: str) -> dict[str, Any]:
        """Wait for a bulk query; raise where it comes to nothing."""
        pause, end = _FIRST_PAUSE, time.monotonic() + _BULK
        while time.monotonic() < end:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            found: dict[str, Any] = (await self._ask(_POLL, {"id": operation}))["node"] or {}
            status = found.get("status")
            if status == "COMPLETED":
                return found
            if status not in ("CREATED", "RUNNING"):
                reason = shown(found.get("errorCode") or "no reason is given")
                raise self.failure(f"the bulk query ended as {shown(status)}: {reason}")
        raise self.failure(f"the bulk query takes longer than {_BULK:.0f} seconds")

    async def _ask(
        self, query: str, variables: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Return the data that answers a question."""
        if time.monotonic() >= self._token_until:
            await self._renew()
        path = f"/admin/api/{_VERSION}/graphql.json"
        headers = {"x-shopify-access-token": self._token}
        answer = await self._post(path, {"query": query, "variables": variables}, headers)
        errors, data = answer.get("errors"), answer.get("data")
        if errors or not isinstance(data, dict):
            raise self.failure(f"refused: {_reason(errors)}")
        return data

    async def _renew(self) -> None:
        """Get a token for the app."""
        account = self._account
        grant = {"client_id": account.client_id, "client_secret": account.secret}
        answer = await self._post(
            "/admin/oauth/access_token", {**grant, "grant_type": "client_credentials"}, {}
        )
        if not isinstance(answer.get("access_token"), str):
            raise self.failure("gives no token")
        self._token = answer["access_token"]
        lasts = answer.get("expires_in")
        seconds = lasts if isinstance(lasts, int) else 0
        self._token_until = time.monotonic() + max(seconds - _EARLY, seconds / 2)

    async def _post(self, path: str, body: object, headers: Mapping[str, str]) -> dict[str, Any]:
        url = f"{self._account.store}{path}"
        async with (
            within(_WHOLE, self.failure),
            self._client.stream(
                "POST", url, json=body, headers=headers, follow_redirects=False
            ) as response,
        ):
            if response.status_code == _UNAUTHORIZED and not self._account.token:
                self._token_until = 0.0
            if response.status_code != _OK:
                raise self.failure(f"HTTP {response.status_code}")
            content = await read(response, _MOST_BYTES)
        if content is None:
            raise self.failure(f"answers with more than {_MOST_BYTES:,} bytes")
        with suppress(ValueError, RecursionError):
            answer = json.loads(content)
            if isinstance(answer, dict):
                return answer
        raise self.failure("answers with something else than a JSON object")


def _reason(errors: object) -> str:
    """Return the codes of GraphQL errors, or what else is said of them."""
    if not isinstance(errors, list):
        return shown(errors)
    given = [error for error in errors if isinstance(error, dict)]
    codes = [(error.get("extensions") or {}).get("code") or error.get("message") for error in given]
    return ", ".join(map(shown, dict.fromkeys(map(str, codes)))) or "without a reason"
