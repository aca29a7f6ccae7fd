"""Layouts: what was decided for one kind of shopper in one shop, for all others like them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from app.domain.page import Component
from app.storage.kv.retrying import KvWriteFailed

_VERSION = 1
_TTL = 3600


class Kv(Protocol):
    """Pairs with a time to live."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl: int) -> None: ...


class Layout(NamedTuple):
    """The components that were chosen, and the model that chose them."""

    model: str
    components: tuple[Component, ...]


class LayoutCache:
    """Keeps plans in KV under `plan:{shop_id}:{persona_hash}`. A plan names products, no prices."""

    def __init__(self, kv: Kv) -> None:
        self._kv = kv

    async def get(self, shop_id: str, persona_hash: str) -> Layout | None:
        """Return the plan for this kind of shopper, if one is kept."""
        value = await self._kv.get(_key(shop_id, persona_hash))
        return _from_json(value) if value is not None else None

    async def put(
        self, shop_id: str, persona_hash: str, model: str, components: Sequence[Component]
    ) -> None:
        """Keep a plan. One that cannot be kept is counted by KV and decided again next time."""
        value = {
            "version": _VERSION,
            "model": model,
            "components": [item.as_json() for item in components],
        }
        try:
            await self._kv.put(_key(shop_id, persona_hash), json.dumps(value).encode(), _TTL)
        except KvWriteFailed:
            return


def _key(shop_id: str, persona_hash: str) -> str:
    return f"plan:{shop_id}:{persona_hash}"


def _from_json(value: bytes) -> Layout | None:
    try:
        kept = json.loads(value)
        if kept["version"] != _VERSION:
            return None
        components = tuple(
            Component(item["type"], item["id"], dict(item["config"])) for item in kept["components"]
        )
        return Layout(str(kept["model"]), components)
    except (ValueError, TypeError, KeyError):
        return None
