"""Where Shopify stores take baskets: the endpoint that a store's UCP profile names, if it does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from app.catalog.download import https_client, read
from app.domain.catalog import SHOPIFY, Checkout

if TYPE_CHECKING:
    import httpx

_CAPABILITY = "dev.ucp.shopping.permalink"
_ENDPOINT = (
    r"https://(?:[A-Za-z0-9-]{1,63}\.){1,9}[A-Za-z0-9-]{2,63}(?:/[A-Za-z0-9._~-]{1,60}){0,6}"
)
_USUAL = "/cart"
_PAUSE, _GOOD_FOR, _AGAIN = 30.0, 86_400.0, 3_600.0
"""Seconds between two looks for shops that are new, and after which one is asked again: as it
answered, and as it did not."""

_WHOLE = 15.0
_MOST_BYTES = 512 * 1024
_MOST_STORES = 100
_OK, _NOT_FOUND = 200, 404


class Permalinks:
    """Knows the endpoints of stores, and asks for them beside the shop; nobody waits for it.

    A store that names none, or does not answer, is bought from at its cart, as long as it has
    named none before. `counts` tell how often which of it was so.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.counts: Counter[str] = Counter()
        self._clock = clock
        self._endpoints: dict[str, str] = {}
        self._due_at: dict[str, float] = {}

    def endpoint(self, checkout: Checkout) -> str:
        """Return where a store takes baskets; empty where it names no such place."""
        return self._endpoints.get(_store_of(checkout), "")

    async def run(self, checkouts: Callable[[], Iterable[Checkout | None]]) -> None:
        """Ask the stores of these checkouts, whichever there are at the time, for ever."""
        while True:
            await self.look(checkouts())
            await asyncio.sleep(_PAUSE)

    async def look(self, checkouts: Iterable[Checkout | None]) -> None:
        """Ask those of the stores that have not been asked of late."""
        stores = dict.fromkeys(_store_of(checkout) for checkout in checkouts if checkout)
        now = self._clock()
        due = [name for name in stores if name and self._due_at.get(name, now) <= now]
        if not due:
            return
        self._endpoints = {name: self._endpoints.get(name, "") for name in stores}
        self._due_at = {name: self._due_at.get(name, now) for name in stores}
        async with https_client() as client:
            for store in due[:_MOST_STORES]:
                found = await self._ask(client, store)
                self.counts["failed" if found is None else "named" if found else "none"] += 1
                self._endpoints[store] = self._endpoints[store] if found is None else found
                wait = _AGAIN if found is None else _GOOD_FOR
                self._due_at[store] = self._clock() + wait

    async def _ask(self, client: httpx.AsyncClient, store: str) -> str | None:
        """Return the endpoint that a store names, empty where none; None where it fails."""
        import httpx  # noqa: PLC0415 - loaded by now

        try:
            async with (
                asyncio.timeout(_WHOLE),
                client.stream("GET", _profile(store)) as response,
            ):
                if response.status_code != _OK:
                    return "" if response.status_code == _NOT_FOUND else None
                content = await read(response, _MOST_BYTES)
            return None if content is None else _named(json.loads(content))
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError):
            return None


def _store_of(checkout: Checkout) -> str:
    """Return the origin of a store; empty where the shop says itself where baskets are taken."""
    address = urlsplit(checkout.address)
    if checkout.kind != SHOPIFY or address.path != _USUAL:
        return ""
    return f"{address.scheme}://{address.netloc}"


def _profile(store: str) -> str:
    return f"{store}/.well-known/ucp"


def _named(profile: object) -> str:
    """Return the endpoint that a profile names; empty where there is none that can be used."""
    ucp = _part(profile, "ucp")
    declared = _part(_part(ucp, "capabilities"), _CAPABILITY)
    for one in declared if isinstance(declared, list) else []:
        endpoint = _part(_part(one, "config"), "endpoint")
        if isinstance(endpoint, str) and re.fullmatch(_ENDPOINT, endpoint):
            return endpoint
    return ""


def _part(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
