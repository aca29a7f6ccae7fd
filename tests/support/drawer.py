"""A KV in memory that keeps what a budget has spent."""

from __future__ import annotations


class Drawer:
    """Keeps ledgers in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def get(self, key: str) -> bytes | None:
        return self.kept.get(key)

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        assert ttl == 3600
        self.kept[key] = value

    async def delete(self, key: str) -> None:
        del self.kept[key]
