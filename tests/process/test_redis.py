"""What many machines share in Redis, each port against the real server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from app.domain.events import SharedEvent
from app.domain.limits import MAX_LEASE, Claim, Spending
from app.domain.llm import CallRefused, Prompt
from app.domain.network import Client
from app.domain.persona import NEWCOMER
from app.llm.budget import Budget, Settle
from app.metrics.registry import Metrics
from app.settings import read_settings
from app.storage.errors import StorageError
from app.storage.factory import open_storage
from app.storage.patience import Patience
from app.storage.ports import LOST
from app.storage.rates import Places, SharedLimiter
from app.storage.redis import TIMEOUT, RedisKv, RedisServer
from app.storage.redis_journal import RedisJournal
from app.storage.redis_ledgers import RedisLedgers
from app.storage.redis_rates import RedisRates
from app.util.rate_limit import Rate
from tests.support.clock import Clock
from tests.support.factories import shop
from tools.support.redis import RedisProcess, installed

Connect = Callable[..., RedisServer]
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(installed() is None, reason="NO REDIS OR VALKEY (tools/install.sh)"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
async def connect(server: RedisProcess) -> AsyncIterator[Connect]:
    """Connect as several processes would, with time to wait on a machine that is busy."""
    made: list[RedisServer] = []

    def opened(timeout: float = 20.0) -> RedisServer:
        made.append(RedisServer(server.url, timeout))
        return made[-1]

    yield opened
    for each in made:
        await each.close()


@pytest.fixture
async def redis(connect: Connect) -> RedisServer:
    made = connect()
    await made.call("FLUSHALL")
    return made


async def test_a_pair_is_there_for_its_time_and_for_every_machine(
    connect: Connect, redis: RedisServer
) -> None:
    kv, other = RedisKv(redis), connect()
    await kv.put("page:å", b"\0\xff", 3600)
    assert await RedisKv(other).get("page:å") == b"\0\xff"
    assert 3590 < await other.call("TTL", "page:å") <= 3600
    await RedisKv(other).delete("page:å")
    assert await kv.get("page:å") is None


async def test_a_redis_that_is_full_or_down_is_a_storage_error_and_is_back_when_it_is(
    server: RedisProcess, redis: RedisServer
) -> None:
    kv = RedisKv(redis)
    await redis.call("CONFIG", "SET", "maxmemory", "1")
    with pytest.raises(StorageError, match="OutOfMemory"):
        await kv.put("page", b"1", 60)
    once = Rate(burst=1, seconds=60.0)
    waits = [await RedisRates(redis).acquire("me", once) for _ in range(2)]
    assert waits[0] == 0 < waits[1], "processes agree all the same"
    assert await asyncio.gather(*(kv.get("page") for _ in range(5))) == [None] * 5
    server.stop()
    with pytest.raises(StorageError, match="ConnectionError"):
        await kv.get("page")
    server.start()
    await kv.put("page", b"1", 60)
    assert await asyncio.gather(*(kv.get("page") for _ in range(5))) == [b"1"] * 5


async def test_a_redis_that_is_full_drops_pages_before_what_processes_agree_on(
    redis: RedisServer,
) -> None:
    journal, page = RedisJournal(redis, 60.0), Held("one")
    budget = Budget(Spending(), RedisKv(redis), time.time, RedisLedgers(redis, 60.0))
    assert (await journal.claim("page", "one", 0, may_take=True, is_new=True)).ours
    await budget.reserve(prompt("test", Client())._replace(lease=page), 1_000)
    assert await journal.write(page, [SharedEvent(1, "progress", "{}")]) == 1
    used = (await redis.call("INFO", "memory"))["used_memory"]
    await redis.call("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
    await redis.call("CONFIG", "SET", "maxmemory", used + 1_000_000)
    try:
        for at in range(300):
            await RedisKv(redis).put(f"page:{at}", bytes(10_000), 3600)
        assert await redis.call("DBSIZE") < 200
        assert len(await journal.events("page")) == 1
        assert not (await journal.claim("page", "other", 0, may_take=True, is_new=True)).ours
        await budget.reserve(prompt("test", Client())._replace(lease=page), 1_000)
        assert budget.left("test")[0] == Spending().calls - 2
    finally:
        await redis.call("CONFIG", "SET", "maxmemory", 0)
        await redis.call("CONFIG", "SET", "maxmemory-policy", "noeviction")


async def test_a_page_that_nobody_has_gone_on_with_for_long_is_begun_anew(
    redis: RedisServer,
) -> None:
    for age, known in ((200, 1), (400, 0)):
        at = int((time.time() - age) * 1_000_000)
        await redis.call("XADD", f"events:{age}", at, "name", "progress", "data", "", "note", "")
        held = await RedisJournal(redis, 5.0).claim(f"{age}", "one", 0, may_take=True, is_new=True)
        assert (held.ours, len(held.events), held.length) == (True, known, known)


async def test_a_redis_that_hangs_is_left_alone_for_a_moment_and_is_back_when_it_is(
    server: RedisProcess, redis: RedisServer, connect: Connect
) -> None:
    kv = RedisKv(connect(TIMEOUT))
    await RedisKv(redis).put("page", b"1", 60)
    with server.frozen():
        answers = await asyncio.gather(*(kv.get("page") for _ in range(3)), return_exceptions=True)
        assert [str(it) for it in answers] == ["redis: TimeoutError"] * 3
        with pytest.raises(StorageError, match="a moment ago"):
            await kv.get("page")
    async with asyncio.timeout(60):
        while True:
            with suppress(StorageError):
                assert await kv.get("page") == b"1"
                break
            await asyncio.sleep(0.05)


async def test_redis_may_take_as_long_as_a_page_may_wait(
    server: RedisProcess, redis: RedisServer
) -> None:
    await redis.call("SET", "page", b"1")
    said = {"WANDSTORE_STATE": "cluster", "SESSION_SECRET": "a secret of sixteen bytes or more"}
    said |= {"REDIS_URL": server.url, "DATABASE_URL": "postgresql://nowhere/shop"}
    storage = open_storage(read_settings({**said, "WANDSTORE_STORAGE_SECONDS": "20"}), Metrics())
    with server.frozen():
        reading = asyncio.create_task(storage.kv.get("page"))
        await asyncio.sleep(2 * TIMEOUT)
    assert await reading == b"1"
    await storage.closes[-1]()


async def test_a_redis_that_waits_for_news_is_not_taken_for_one_that_does_not_answer(
    connect: Connect,
) -> None:
    assert await RedisJournal(connect(0.4), 5).news({}) == {}


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


async def test_who_reads_while_connections_are_left_keeps_theirs(redis: RedisServer) -> None:
    await redis.call("REPLICAOF", "127.0.0.1", "1")
    over = asyncio.Event()

    async def read(pause: float) -> None:
        while not over.is_set():
            await redis.call("PING")
            await asyncio.sleep(pause)

    readers = [asyncio.create_task(read(at * 0.0003)) for at in range(8)]
    for _ in range(300):
        with pytest.raises(StorageError, match="ReadOnly"):
            await redis.call("SET", "page", b"1")
    over.set()
    await asyncio.gather(*readers)
    await redis.call("REPLICAOF", "NO", "ONE")


async def test_the_hour_is_paid_exactly_however_many_processes_pay_at_once(
    server: RedisProcess, redis: RedisServer, connect: Connect
) -> None:
    others = [connect() for _ in range(3)]
    limits = Spending(calls=1_000, tokens=20_000, address_calls=12, new_calls=1)
    budgets = [
        Budget(limits, RedisKv(it), time.time, RedisLedgers(it, 5.0)) for it in (redis, *others)
    ]

    open_calls: list[Settle] = []

    async def paid(at: int, client: Client = Client()) -> str:
        try:
            page = Held(f"{at % 4}", f"page of {at % 4}")
            asked = prompt("test", client)._replace(lease=page)
            open_calls.append(await budgets[at % 4].reserve(asked, 1_000))
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
    assert await paid(0) == "BUDGET_UNREACHABLE"
    server.start()
    with pytest.raises(CallRefused, match="nobody knows"):
        await budgets[0].reserve(prompt("test", Client()), 1_000)  # whoever composes the page


async def test_what_was_spent_before_the_clock_was_put_back_counts_as_of_now(
    redis: RedisServer,
) -> None:
    ahead = int(time.time() // 60) + 300
    await redis.call("HSET", "spent:all", f"{ahead}:calls", 1, f"{ahead}:tokens", 50)
    verdict = await RedisLedgers(redis, 5.0).take([Claim("all", 10, 9, 999)], Held("a"))
    assert (verdict.calls, verdict.tokens) == (2, 60)
    spent = await redis.call("HGETALL", "spent:all")
    assert spent == {b"%d:calls" % verdict.minute: b"2", b"%d:tokens" % verdict.minute: b"60"}


async def test_who_has_lost_a_page_pays_for_nothing_more_of_it_and_does_not_begin_it_anew(
    redis: RedisServer,
) -> None:
    journal = RedisJournal(redis, 5.0)
    one, other = Held("one"), Held("other")
    budget = Budget(Spending(), RedisKv(redis), time.time, RedisLedgers(redis, 5.0))

    async def claim(holder: Held) -> bool:
        """Claim a page as who does not hear of it and claims it again."""
        await journal.claim("page", holder.holder, 0, may_take=True, is_new=True)
        return (await journal.claim("page", holder.holder, 0, may_take=True, is_new=True)).ours

    async def pays(holder: Held) -> bool:
        try:
            await budget.reserve(prompt("test", Client())._replace(lease=holder), 1_000)
        except CallRefused as no:
            return no.code != "LEASE_LOST"
        return True

    async def lapse() -> None:
        await redis.call("DEL", "lease:page")

    assert await claim(one)
    assert await pays(one)
    await lapse()
    before = time.time()
    assert await pays(one), "nobody has taken it"
    until, holder = (await redis.call("GET", "lease:page")).split()
    assert before + 4.9 < int(until) / 1000 <= time.time() + 5
    assert holder == b"one"
    assert await redis.call("TTL", "lease:page") > 3600, "it outlives pages in a Redis that is full"
    await lapse()
    assert await claim(other)
    assert [await pays(one), await claim(one), await pays(other)] == [False, False, True]
    other.length = await journal.write(other, [SharedEvent(1, "ready", "{}")])
    assert await redis.call("EXISTS", "lease:page") == 0
    assert [await pays(one), await claim(one), await pays(one)] == [False] * 3
    assert await journal.write(one, [SharedEvent(2, "ready", "{}")]) == LOST
    assert [event.id for event in await journal.events("page")] == [1]
    assert budget.left("test")[0] == Spending().calls - 3
    assert one.losses == 3
    assert await claim(Held("a third")), "who wants it anew has it anew"
    await redis.call("SET", "lease:page", f"{2**50} who took it before the clock was put back")
    assert not await claim(Held("a fourth"))
    until = int((await redis.call("GET", "lease:page")).split()[0]) / 1000
    assert time.time() + 50 < until <= time.time() + MAX_LEASE
    await redis.call("FLUSHALL")
    assert await pays(one), "nobody has it that Redis knows of"
    one.length = await journal.write(one, [SharedEvent(3, "progress", "{}")])
    await journal.erase("page")
    assert [await pays(one), await claim(one), await claim(Held("new"))] == [False] * 3
    assert await journal.write(one, [SharedEvent(4, "progress", "{}")]) == LOST
    assert await journal.events("page") == []


async def test_a_rate_holds_for_all_processes_together_and_for_each_without_redis(
    server: RedisProcess, redis: RedisServer, connect: Connect
) -> None:
    other, clock = connect(), Clock()
    rate = Rate(burst=10, seconds=60.0)
    here, there = (SharedLimiter("doing", rate, clock, RedisRates(it)) for it in (redis, other))
    at_once = [limiter.acquire("me") for limiter in (here, there) for _ in range(10)]
    waits = await asyncio.gather(*at_once)
    assert waits.count(0) == 10
    assert all(50 < wait <= 60 for wait in waits if wait)
    assert await there.acquire("somebody else") == 0
    assert 590 < await redis.call("TTL", "rate:doing:me") <= 600
    await redis.call("SET", "rate:doing:me", time.time() + 86_400)
    assert 50 < await there.acquire("me") <= 60, "what Redis says whose clock was put back"
    server.stop()
    waits = [await here.acquire("me") for _ in range(11)]
    assert waits == [0] * 10 + [60], "by what this process has counted itself"
    server.start()


@dataclass
class Held:
    """A lease as its holder knows it."""

    holder: str
    key: str = "page"
    length: int = 0
    losses: int = 0

    def lose(self) -> None:
        self.losses += 1

    async def leave(self) -> None:
        raise NotImplementedError


async def test_places_are_those_of_all_processes_and_each_has_its_own_without_redis(
    server: RedisProcess, redis: RedisServer, connect: Connect
) -> None:
    other = connect()
    patience = Patience(20.0, time.monotonic)
    here, there = (Places(2, 60.0, RedisRates(it), patience) for it in (redis, other))
    ahead = time.time() + 86_400
    await redis.call(
        "ZADD", "places:me", 1, "killed long ago", ahead, "in before the clock went back"
    )
    assert [await it.enter("me", name) for it, name in ((here, "a"), (there, "b"))] == [True] * 2
    assert [await it.enter("me", "c") for it in (here, there)] == [False] * 2
    assert [await there.enter("somebody else", "d"), await there.enter("", "e")] == [True] * 2
    there.leave("me", "b")
    async with asyncio.timeout(60):
        while not await here.enter("me", "c"):
            await redis.call("PING")
    assert 50 < await redis.call("TTL", "places:me") <= 60
    server.stop()
    assert [await there.enter("me", name) for name in "fgh"] == [True, True, False]
    assert await here.enter("me", "i") is False
    server.start()


def prompt(shop_id: str, client: Client) -> Prompt:
    return Prompt("i", "r", shop(shop_id=shop_id), NEWCOMER, (), ("hero",), client=client)
