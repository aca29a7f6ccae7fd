"""Ledgers: what models have cost each shop in the last hour, kept through a restart."""

from __future__ import annotations

from typing import Protocol

from app.storage.kv.retrying import KvWriteFailed

_TTL = 3600


class Kv(Protocol):
    """Pairs with a time to live."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl: int) -> None: ...


class Ledgers:
    """Keeps ledgers in KV under `budget:{shop_id}`."""

    def __init__(self, kv: Kv) -> None:
        self._kv = kv

    async def find(self, shop_id: str) -> bytes | None:
        """Return a shop's ledger, if one is kept."""
        return await self._kv.get(f"budget:{shop_id}")

    async def keep(self, shop_id: str, ledger: bytes) -> None:
        """Keep a ledger. One that cannot be kept is counted by KV, and holds in memory."""
        try:
            await self._kv.put(f"budget:{shop_id}", ledger, _TTL)
        except KvWriteFailed:
            return
