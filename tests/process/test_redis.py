"""What many machines share in Redis, each port against the real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from app.storage.errors import InvalidPair, StorageError
from app.storage.kv.redis import RedisKv
from app.storage.redis import RedisServer
from tools.support.redis import RedisProcess, installed

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(installed() is None, reason="no redis-server (tools/install_redis.sh)"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
async def redis(server: RedisProcess) -> AsyncIterator[RedisServer]:
    made = RedisServer(server.url)
    await made.call("FLUSHALL")
    yield made
    await made.close()


async def test_a_pair_is_there_for_its_time_and_for_every_machine(
    server: RedisProcess, redis: RedisServer
) -> None:
    kv, other = RedisKv(redis), RedisServer(server.url)
    await kv.put("page:å", b"\0\xff", 3600)
    assert await RedisKv(other).get("page:å") == b"\0\xff"
    assert 3590 < await other.call("TTL", "page:å") <= 3600
    await RedisKv(other).delete("page:å")
    assert await kv.get("page:å") is None
    with pytest.raises(InvalidPair):
        await kv.put("page", b"1", 59)
    await other.close()


async def test_a_redis_that_is_full_or_down_is_a_storage_error_and_is_back_when_it_is(
    server: RedisProcess, redis: RedisServer
) -> None:
    kv = RedisKv(redis)
    await redis.call("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StorageError, match="OutOfMemory"):
        await kv.put("page", b"1", 60)
    assert await kv.get("page") is None
    server.stop()
    with pytest.raises(StorageError, match="ConnectionError"):
        await kv.get("page")
    server.start()
    await kv.put("page", b"1", 60)
    assert await kv.get("page") == b"1"
