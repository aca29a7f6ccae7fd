"""Redis or Valkey, its errors in our words: a few connections, bounded in time, and KV in it."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.commands.core import AsyncScript
from redis.exceptions import ReadOnlyError, RedisError
from redis.maint_notifications import MaintNotificationsConfig

from app.storage.errors import StorageError
from app.storage.patience import Rest, in_time
from app.storage.ports import Pool

log = logging.getLogger("wandstore.storage")

TIMEOUT = 1.0
"""Seconds that a call may take, with what it waits for a connection and for the answer."""

_HANDED_OVER = 0.05
"""Seconds that an answer has which came while this process was stopped, or busy."""

_CONNECTIONS = 64

_KEEP_LEASES = ("noeviction", "volatile-ttl")
"""What a Redis may do that is full: refuse pages, or drop them before leases and ledgers."""

_DATABASE = re.compile(r"/?\d*/?")

Word = str | bytes | int | float


class RedisServer:
    """One server, whose address may hold a password and is never repeated.

    A call may take `timeout` seconds. Nothing is sent twice: a connection that Redis has closed is
    noticed before it is used.
    """

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        try:
            if not url.startswith("unix:") and not _DATABASE.fullmatch(urlsplit(url).path):
                raise ValueError("redis-py would take any other path for database 0")  # noqa: TRY301 - is translated
            self._pool = BlockingConnectionPool.from_url(
                url,
                max_connections=_CONNECTIONS,
                timeout=None,
                socket_timeout=None,
                socket_connect_timeout=None,
                retry=Retry(NoBackoff(), 0),
                # With them, redis-py uses connections that have been closed.
                maint_notifications_config=MaintNotificationsConfig(enabled=False),
            )
            self._pool.connection_class(**self._pool.connection_kwargs)
        except (TypeError, ValueError):  # which may quote a password
            raise StorageError(
                "REDIS_URL: it has a port, a database or an option that there is not"
            ) from None
        self._client = Redis.from_pool(self._pool)
        self._scripts: dict[str, AsyncScript] = {}
        self._timeout = timeout
        self._rest = Rest("redis")
        self._calls = 0
        self._ahead = time.time() - time.monotonic()
        self._policy = ""

    async def call(self, *command: Word, blocks: float = 0.0) -> Any:
        """Return what a command answers, which lets Redis wait for so many seconds.

        Raises:
            StorageError: it could not be reached in time, is full, or refused.
        """
        return await self._answer(self._client.execute_command, *command, blocks=blocks)

    async def run(self, script: str, keys: Sequence[str], *words: Word) -> Any:
        """Return what a script answers that Redis runs in one piece; StorageError likewise.

        It runs although Redis is full: what processes agree on is small and short-lived.
        """
        if script not in self._scripts:
            whole = f"#!lua flags=allow-oom\n{script}"
            self._scripts[script] = self._client.register_script(whole)
        return await self._answer(self._scripts[script], keys, words)

    async def _answer(
        self, call: Callable[..., Awaitable[Any]], *arguments: Any, blocks: float = 0.0
    ) -> Any:
        self._calls += 1
        try:
            with self._rest.unless_silent():
                async with in_time(self._timeout + blocks, _HANDED_OVER):
                    return await call(*arguments)
        except (RedisError, OSError) as error:
            if isinstance(error, ReadOnlyError):  # a replica by now: the address may lead elsewhere
                await self._leave_idle()
            name, code = type(error).__name__, str(error).partition(" ")[0]
            if name == "ResponseError" and code.isupper():
                name = code  # Redis's own, as MISCONF where it cannot save
            raise StorageError(f"redis: {name}", reason=name) from None
        finally:
            self._calls -= 1

    async def _leave_idle(self) -> None:
        """Close the connections that nobody uses, before anybody takes one.

        The pool's own way waits, and breaks or forgets a connection that is taken meanwhile.
        """
        for connection in list(self._pool._available_connections):  # noqa: SLF001
            await connection.disconnect(nowait=True)

    def now(self) -> float:
        """Return Unix seconds by the clock that all processes share, as far as it is known.

        Ours may be set to another time meanwhile, which ends no lease.
        """
        return time.monotonic() + self._ahead

    async def synchronise(self) -> int:
        """See how far Redis's clock is ahead of what ours counts; leave nothing to be done.

        Tell once where it drops what processes agree on when it is full: then pages may be paid
        twice, and more than the budget.
        """
        before = time.monotonic()
        seconds, microseconds = await self.call("TIME")
        self._ahead = int(seconds) + int(microseconds) / 1e6 - (before + time.monotonic()) / 2
        if not self._policy:
            self._policy = (await self.call("INFO", "memory"))["maxmemory_policy"]
            if self._policy not in _KEEP_LEASES:
                log.warning({"event": "redis_may_drop_leases", "policy": self._policy})
        return 0

    @property
    def pool(self) -> Pool:
        """How many connections are busy and idle, and how many calls wait for one."""
        (idle, _), (busy, _) = self._pool.get_connection_count()
        return Pool(busy, idle, max(0, self._calls - busy))

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class RedisKv:
    """Pairs with a time to live, which Redis ends. Every method may raise StorageError."""

    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        value: bytes | None = await self._redis.call("GET", key)
        return value

    async def put(self, key: str, value: bytes, ttl: int) -> None:
        """Keep a value for `ttl` seconds."""
        await self._redis.call("SET", key, value, "EX", ttl)

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        await self._redis.call("DEL", key)
