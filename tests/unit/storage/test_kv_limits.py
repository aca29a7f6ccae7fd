"""No KV takes what Workers KV would not, so that what development accepts production accepts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.metrics.registry import Metrics
from app.storage.cloudflare import CloudflareApi, CloudflareKv
from app.storage.errors import InvalidPair
from app.storage.http import LazyHttpClient
from app.storage.kv.sqlite import SqliteKv
from app.storage.measured import MeasuredKv
from app.storage.ports import Kv
from app.storage.redis import RedisKv, RedisServer
from app.storage.worker import WorkerKv
from tests.support.clock import Clock

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(params=["sqlite", "redis", "worker", "cloudflare"])
async def kv(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kv]:
    """Each KV, as a shop opens it; those that would have to ask somebody have nobody to ask."""
    http = LazyHttpClient(inside=True, secure=False)
    api = CloudflareApi(http, NOBODY, "token", Clock())
    sqlite = SqliteKv(tmp_path / "kv.sqlite", Clock())
    stores: dict[str, Kv] = {
        "sqlite": sqlite,
        "redis": RedisKv(RedisServer("redis://127.0.0.1:9")),
        "worker": WorkerKv(http, NOBODY, {}),
        "cloudflare": CloudflareKv(api, "account", "namespace", 0.0),
    }
    await sqlite.open()
    yield MeasuredKv(stores[request.param], Metrics())
    await sqlite.close()
    await http.aclose()


@pytest.mark.parametrize("key", ["", ".", "..", "k" * 513, "家" * 171, "half \ud83e"])
async def test_a_key_that_kv_never_takes_is_refused(kv: Kv, key: str) -> None:
    with pytest.raises(InvalidPair):
        await kv.put(key, b"x", 60)


async def test_a_value_that_kv_never_takes_is_refused(kv: Kv) -> None:
    with pytest.raises(InvalidPair):
        await kv.put("a", bytes(25 * MIB + 1), 60)


@pytest.mark.parametrize("ttl", [59, 0, -1])
async def test_a_time_to_live_that_kv_never_takes_is_refused(kv: Kv, ttl: int) -> None:
    with pytest.raises(InvalidPair):
        await kv.put("a", b"x", ttl)


async def test_a_pair_at_the_bounds_is_kept_by_one_machine(tmp_path: Path) -> None:
    kv = SqliteKv(tmp_path / "kv.sqlite", Clock())
    await kv.open()
    for key in ("家" * 170, "...", "..x", " ", "/", "\x00"):
        await kv.put(key, key.encode(), 60)
        assert await kv.get(key) == key.encode()
    key, largest = "k" * 512, bytes(25 * MIB)
    await kv.put(key, largest, 60)
    assert await kv.get(key) == largest
    await kv.close()
