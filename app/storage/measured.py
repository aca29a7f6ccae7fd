"""Measures how long KV and the database take, and counts their errors."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter
from typing import TypeVar

from app.metrics.registry import Metrics
from app.storage.errors import StorageError
from app.storage.kv.limits import check_pair
from app.storage.ports import Kv

Result = TypeVar("Result")


async def measured(metrics: Metrics, store: str, operation: str, call: Awaitable[Result]) -> Result:
    """Return what a call to a store returns, once its time and its failure have been noted."""
    began = perf_counter()
    try:
        return await call
    except StorageError:
        metrics.storage_errors.add(store, operation)
        raise
    finally:
        metrics.storage.observe(perf_counter() - began, store, operation)


class MeasuredKv:
    """Another KV, measured, and held to what Workers KV takes, whichever it is."""

    def __init__(self, inner: Kv, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where there is none."""
        return await measured(self._metrics, "kv", "read", self._inner.get(key))

    async def put(self, key: str, value: bytes, ttl: int) -> object:
        """Keep a value for `ttl` seconds.

        Raises:
            InvalidPair: KV would never take the pair.
        """
        check_pair(key, value, ttl)
        return await measured(self._metrics, "kv", "write", self._inner.put(key, value, ttl))

    async def delete(self, key: str) -> None:
        """Forget a pair."""
        await measured(self._metrics, "kv", "delete", self._inner.delete(key))
