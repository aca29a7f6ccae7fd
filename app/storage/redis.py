"""Redis or Valkey: a few connections, bounded in time, and its errors in our words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, RedisError

from app.storage.errors import StorageError

_TIMEOUT = 1.0
"""Seconds that connecting or an answer may take."""

_CONNECTIONS, _FREE = 64, 3.0
"""Connections there may be, and seconds until one of them is free."""

Word = str | bytes | int | float


class RedisServer:
    """One server, whose address may hold a password and is never repeated.

    Nothing is sent twice: a connection that Redis has closed is noticed before it is used.
    """

    def __init__(self, url: str) -> None:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=_FREE,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=Retry(NoBackoff(), 0),
        )
        self._client = Redis.from_pool(pool)

    async def call(self, *command: Word) -> Any:
        """Return what a command answers.

        Raises:
            StorageError: it could not be reached in time, is full, or refused.
        """
        try:
            return await self._client.execute_command(*command)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise await self._failure(error) from None

    async def run(self, script: str, keys: Sequence[str], *words: Word) -> Any:
        """Return what a script answers that Redis runs in one piece; StorageError likewise."""
        try:
            return await self._client.register_script(script)(keys, words)
        except (RedisError, OSError) as error:
            raise await self._failure(error) from None

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _failure(self, error: Exception) -> StorageError:
        """Return an error in our words.

        One that has become a replica is left, for the address may lead to another by now.
        """
        if isinstance(error, ReadOnlyError):
            await self._client.connection_pool.disconnect(inuse_connections=False)
        return StorageError(f"redis: {type(error).__name__}")
