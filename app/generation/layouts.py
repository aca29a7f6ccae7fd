"""Layouts: what was decided for one kind of shopper in one shop, for all others like them."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from app.domain.page import Component

_VERSION = 1

Get = Callable[[str], Awaitable[bytes | None]]
Put = Callable[[str, bytes, int], Awaitable[object]]


class Layout(NamedTuple):
    """The components that were chosen, and the model that chose them."""

    model: str
    components: tuple[Component, ...]


class LayoutCache:
    """Keeps layouts under `plan:{shop_id}:{persona_hash}`. A layout names products, no prices.

    `get` and `put` reach a KV whose failures are counted there: what it cannot give is decided
    again.
    """

    def __init__(self, get: Get, put: Put) -> None:
        self._get = get
        self._put = put

    async def get(self, shop_id: str, persona_hash: str) -> Layout | None:
        """Return the layout for this kind of shopper, if one is kept."""
        value = await self._get(_key(shop_id, persona_hash))
        return _from_json(value) if value is not None else None

    async def put(
        self,
        shop_id: str,
        persona_hash: str,
        *,
        model: str,
        components: Sequence[Component],
        ttl: int,
    ) -> None:
        """Keep a layout for `ttl` seconds."""
        value = {
            "version": _VERSION,
            "model": model,
            "components": [item.as_json() for item in components],
        }
        await self._put(_key(shop_id, persona_hash), json.dumps(value).encode(), ttl)


def _key(shop_id: str, persona_hash: str) -> str:
    return f"plan:{shop_id}:{persona_hash}"


def _from_json(value: bytes) -> Layout | None:
    try:
        stored = json.loads(value)
        if stored["version"] != _VERSION:
            return None
        components = tuple(
            Component(item["type"], item["id"], dict(item["config"]))
            for item in stored["components"]
        )
        return Layout(str(stored["model"]), components)
    except (ValueError, TypeError, KeyError):
        return None
