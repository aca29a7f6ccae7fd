"""KV in Redis or Valkey: what many machines share instead of a file."""

from __future__ import annotations

from app.storage.kv.limits import check_pair
from app.storage.redis import RedisServer


class RedisKv:
    """Pairs with a time to live, which Redis ends. Every method may raise StorageError."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        value: bytes | None = await self._redis.call("GET", key)
        return value

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        check_pair(key, value, ttl)
        await self._redis.call("SET", key, value, "EX", ttl)

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        await self._redis.call("DEL", key)
