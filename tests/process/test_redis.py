"""What many machines share in Redis, each port against the real server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.limits import Spending
from app.domain.llm import CallRefused, Prompt
from app.domain.network import Client
from app.domain.persona import NEWCOMER
from app.llm.budget import Budget, Settle
from app.storage.errors import InvalidPair, StorageError
from app.storage.kv.redis import RedisKv
from app.storage.rates import SharedLimiter
from app.storage.redis import RedisServer
from app.storage.redis_ledgers import RedisLedgers
from app.storage.redis_rates import RedisRates
from app.util.rate_limit import Rate
from tests.support.clock import Clock
from tests.support.factories import shop
from tools.support.redis import RedisProcess
from tools.support.server import find_program

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(find_program("redis-server") is None, reason="NO REDIS (tools/install.sh)"),
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
    await other.call("XADD", "events:page:å", "*", "name", "ready")
    await RedisKv(other).delete("page:å")
    assert await kv.get("page:å") is None
    assert await other.call("EXISTS", "events:page:å") == 0
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


async def test_a_redis_that_has_become_a_replica_is_left_for_where_its_address_leads_now(
    redis: RedisServer,
) -> None:
    kv = RedisKv(redis)
    before = await redis.call("CLIENT", "ID")
    await redis.call("REPLICAOF", "127.0.0.1", "1")
    with pytest.raises(StorageError, match="ReadOnly"):
        await kv.put("page", b"1", 60)
    await redis.call("REPLICAOF", "NO", "ONE")
    await kv.put("page", b"1", 60)
    assert await redis.call("CLIENT", "ID") > before


async def test_the_hour_is_paid_exactly_however_many_processes_pay_at_once(
    server: RedisProcess, redis: RedisServer
) -> None:
    others = [RedisServer(server.url) for _ in range(3)]
    limits = Spending(calls=1_000, tokens=20_000, address_calls=12, new_calls=1)
    budgets = [Budget(limits, RedisKv(it), time.time, RedisLedgers(it)) for it in (redis, *others)]

    open_calls: list[Settle] = []

    async def paid(at: int, client: Client = Client()) -> str:
        try:
            open_calls.append(await budgets[at % 4].reserve(prompt("test", client), 1_000))
        except CallRefused as no:
            return no.code
        return ""

    async def settled() -> None:
        while open_calls:
            open_calls.pop()(500)
        for budget in budgets:
            await budget.flush()

    first = await asyncio.gather(*(paid(at) for at in range(60)))
    assert Counter(first) == {"": 20, "BUDGET_SPENT": 40}
    await settled()  # each gave half of it back
    second = await asyncio.gather(*(paid(at) for at in range(60)))
    assert second.count("") == 10
    await settled()
    client = Client("192.0.2.1", new=True)
    assert await paid(0, client) == ""
    await settled()
    assert [await paid(at, client) for at in (1, 2)] == ["ADDRESS_LIMIT"] * 2
    assert budgets[2].left("test") == (1_000 - 31, 20_000 - 31 * 500)
    await redis.call("FLUSHALL")
    server.stop()
    assert await paid(0) == ""  # as far as this process knows
    assert budgets[0].counts["paid_unshared"] == 1
    server.start()
    for other in others:
        await other.close()


async def test_a_rate_holds_for_all_processes_together_and_for_each_without_redis(
    server: RedisProcess, redis: RedisServer
) -> None:
    other, clock = RedisServer(server.url), Clock()
    rate = Rate(burst=10, seconds=60.0)
    here, there = (SharedLimiter("doing", rate, clock, RedisRates(it)) for it in (redis, other))
    at_once = [limiter.acquire("me") for limiter in (here, there) for _ in range(10)]
    waits = await asyncio.gather(*at_once)
    assert waits.count(0) == 10
    assert all(50 < wait <= 60 for wait in waits if wait)
    assert await there.acquire("somebody else") == 0
    assert 590 < await redis.call("TTL", "rate:doing:me") <= 600
    server.stop()
    waits = [await here.acquire("me") for _ in range(11)]
    assert waits == [0] * 10 + [60], "by what this process has counted itself"
    server.start()
    await other.close()


def prompt(shop_id: str, client: Client) -> Prompt:
    return Prompt("i", "r", shop(shop_id=shop_id), NEWCOMER, (), ("hero",), client=client)
