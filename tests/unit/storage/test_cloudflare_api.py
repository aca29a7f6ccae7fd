"""Cloudflare's REST API: bulk writes, our own limit, obedience to its headers, its envelopes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from app.domain.facts import Fact
from app.domain.persona import NEWCOMER, Persona, Signals
from app.storage import http as storage_http
from app.storage.cloudflare import CALLS, CloudflareApi, CloudflareD1, CloudflareKv
from app.storage.db.d1 import MAX_RECORDS, D1Database
from app.storage.db.rows import Generation, ShopperHistory, Visited
from app.storage.errors import StorageError
from app.storage.http import LazyHttpClient, retry_after
from app.storage.kv.retrying import RetryingKv
from tests.support.cases import each
from tests.support.clock import Clock
from tests.support.fake_cloudflare.d1 import D1
from tests.support.fake_cloudflare.faults import Fault
from tests.support.fake_cloudflare.kv import WorkersKv
from tests.support.fake_cloudflare.rest import (
    ACCOUNT,
    DATABASE,
    NAMESPACE,
    TOKEN,
    RestApi,
)
from tests.support.serving import serving

pytestmark = pytest.mark.anyio

SEEN = Visited("shop_1", "demo", "2026-01-01T00:00:00Z")
COLLECTOR = Persona("collector", 0.85, Signals(120.5, ("Café", "家具"), "low", ("compares",)))
VIEW = Fact("view", 20_000, ("dusk-lamp",), ("Lamps",), low=1)


GATHERING = 0.02


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def rest(clock: Clock) -> Iterator[RestApi]:
    made = RestApi(WorkersKv(), D1(), clock=clock)
    yield made
    made.d1.close()


@pytest.fixture
async def http() -> AsyncIterator[LazyHttpClient]:
    made = LazyHttpClient(inside=True, secure=False)
    yield made
    await made.aclose()


@pytest.fixture
def api(http: LazyHttpClient, rest: RestApi, clock: Clock) -> Iterator[CloudflareApi]:
    with serving(rest.app) as url:
        yield CloudflareApi(http, url, TOKEN, clock)


@pytest.fixture
def kv(api: CloudflareApi) -> CloudflareKv:
    return CloudflareKv(api, ACCOUNT, NAMESPACE, GATHERING)


@pytest.fixture
def database(api: CloudflareApi) -> D1Database:
    return D1Database(CloudflareD1(api, ACCOUNT, DATABASE))


# ------------------------------------------------------------------ KV


@pytest.mark.parametrize("key", ["ui:shop_1:v2_x", "plan:a b/c?d#e%f", "家具:\U0001f98a"])
@pytest.mark.parametrize("value", [b"", b"\x00\xff bytes", "家具 \"'\\".encode()])
async def test_a_pair_comes_back_as_it_was_put(
    kv: CloudflareKv, rest: RestApi, key: str, value: bytes
) -> None:
    await kv.put(key, value, 3600)
    assert rest.kv.pairs[key][:2] == (value, 3600)
    assert await kv.get(key) == value
    await kv.delete(key)
    assert rest.kv.values() == {}


async def test_what_is_not_there_is_nothing(kv: CloudflareKv) -> None:
    assert await kv.get("nobody") is None
    await kv.delete("nobody")


async def test_writes_close_together_are_one_call(kv: CloudflareKv, rest: RestApi) -> None:
    await asyncio.gather(*(kv.put(f"k{at}", str(at).encode(), 60) for at in range(250)))
    assert len(rest.kv.pairs) == 250
    assert [method for method, _ in rest.calls] == ["PUT"]


async def test_of_one_key_the_last_value_is_written(kv: CloudflareKv, rest: RestApi) -> None:
    await asyncio.gather(*(kv.put("k", str(at).encode(), 60) for at in range(5)))
    assert rest.kv.values() == {"k": b"4"}


async def test_what_comes_while_a_call_is_under_way_is_in_the_next(
    kv: CloudflareKv, rest: RestApi
) -> None:
    rest.faults.append(Fault(500, hang=0.3))
    first = asyncio.create_task(kv.put("a", b"1", 60))
    while not rest.calls:  # noqa: ASYNC110 - the stand-in runs in another thread
        await asyncio.sleep(0.01)
    second = asyncio.create_task(kv.put("b", b"2", 60))
    with pytest.raises(StorageError):
        await first
    await second
    assert rest.kv.values() == {"b": b"2"}


async def test_only_the_keys_that_failed_are_written_again(kv: CloudflareKv, rest: RestApi) -> None:
    rest.unlucky.add("k1")
    careful = RetryingKv(kv, Clock(), pause=0)
    await asyncio.gather(*(careful.put(f"k{at}", b"1", 60) for at in range(3)))
    assert set(rest.kv.values()) == {"k0", "k1", "k2"}
    assert careful.counts == {"kv_write_retried": 1}


async def test_closing_sends_what_waits(kv: CloudflareKv, rest: RestApi) -> None:
    writing = asyncio.create_task(kv.put("a", b"1", 60))
    await asyncio.sleep(0)
    await kv.close()
    await writing
    assert rest.kv.values() == {"a": b"1"}


async def test_who_stops_waiting_does_not_take_the_value_along(
    kv: CloudflareKv, rest: RestApi
) -> None:
    leaving = asyncio.create_task(kv.put("a", b"1", 60))
    staying = asyncio.create_task(kv.put("b", b"2", 60))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    assert rest.kv.values() == {"a": b"1", "b": b"2"}


async def test_what_waits_is_bounded(kv: CloudflareKv) -> None:
    writes = [asyncio.create_task(kv.put(f"k{at}", b"1", 60)) for at in range(1_005)]
    ended = await asyncio.gather(*writes, return_exceptions=True)
    assert sum(isinstance(item, StorageError) for item in ended) == 5


async def test_one_value_may_be_as_large_as_kv_takes(
    kv: CloudflareKv, rest: RestApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    for patience in ("_SILENCE", "_WRITE"):  # to read so much takes a busy machine its time
        monkeypatch.setattr(storage_http, patience, 60)
    largest = b"x" * (25 * 1024 * 1024)
    writing = asyncio.create_task(kv.put("large", largest, 60))
    await asyncio.sleep(0)
    with pytest.raises(StorageError, match="too much"):
        await kv.put("small", b"1", 60)
    await writing
    assert len(rest.kv.pairs["large"].value) == len(largest)


@pytest.mark.parametrize("missed", ["7", '"k"', "{}", "[7, null]", "null"])
async def test_a_list_of_failures_of_another_form_is_none(
    kv: CloudflareKv, rest: RestApi, missed: str
) -> None:
    told = f'{{"success": true, "result": {{"unsuccessful_keys": {missed}}}}}'
    rest.faults.append(Fault(200, body=told.encode()))
    await kv.put("k", b"1", 60)


async def test_a_write_that_is_broken_off_is_none(kv: CloudflareKv, rest: RestApi) -> None:
    rest.faults.append(Fault(hang=30))
    writing = asyncio.create_task(kv.put("k", b"1", 60))
    while not rest.calls:  # noqa: ASYNC110 - the stand-in runs in another thread
        await asyncio.sleep(0.01)
    (sending,) = [task for task in asyncio.all_tasks() if task.get_name() == "kv bulk"]
    sending.cancel()
    with pytest.raises(StorageError, match="nothing was written"):
        await writing


# ------------------------------------------------------------------ D1


async def test_a_persona_comes_back_as_it_was_set(database: D1Database, rest: RestApi) -> None:
    assert await database.persona_of("shop_1", "demo") == NEWCOMER
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR
    assert rest.d1.rows("SELECT typeof(confidence) FROM personas") == [("real",)]


async def test_behaviour_comes_back(database: D1Database) -> None:
    assert await database.add_facts(SEEN, [VIEW]) == ShopperHistory((VIEW,), None, 1)
    assert await database.add_facts(SEEN, [VIEW]) == ShopperHistory((VIEW, VIEW), None, 2)


async def test_generations_are_recorded_in_one_call(database: D1Database, rest: RestApi) -> None:
    made = [
        Generation(f"g{at}", "shop_1", "v2_x", "completed", "ui:shop_1:v2_x", SEEN.at)
        for at in range(MAX_RECORDS)
    ]
    await database.record([SEEN], made)
    assert rest.d1.rows("SELECT count(*), count(completed_at) FROM ui_generations") == [
        (MAX_RECORDS, 0)
    ]
    assert len(rest.calls) == 1


async def test_refused_sql_is_a_failure_with_the_apis_code(database: D1Database) -> None:
    with pytest.raises(StorageError, match="HTTP 400") as raised:
        await database.add_facts(SEEN, [Fact("theft")])
    assert "message nobody" not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"success": false}', b'{"success": true}', b'{"success": true, "result": [1]}', b'{"success": "true", "result": [{"results": []}]}', b'{"success": true, "result": [{"success": false, "results": []}]}', b'{"success": false, "errors": [{"code": 7500, "message": "x"}]}', b'{"success": false, "errors": {"0": 1}}'],
)  # fmt: skip
async def test_an_answer_of_another_form_is_a_failure(
    database: D1Database, rest: RestApi, body: bytes
) -> None:
    rest.faults.append(Fault(200, body=body))
    with pytest.raises(StorageError):
        await database.persona_of("shop_1", "demo")


# ------------------------------------------------------------------ the limit


async def read_until_refused(kv: CloudflareKv, most: int = 2_000) -> int:
    for at in range(most):
        try:
            await kv.get("a")
        except StorageError:
            return at
    return most


async def test_no_five_minutes_see_as_many_calls_as_are_allowed(
    kv: CloudflareKv, rest: RestApi, clock: Clock
) -> None:
    begun = clock.now
    while clock.now < begun + 30:
        await read_until_refused(kv)
        clock.now += 10
    assert 120 <= len(rest.calls) <= CALLS.burst + 30 / CALLS.seconds
    assert CALLS.burst + 300 / CALLS.seconds < 1200, "nor do five minutes, at the same pace"
    assert rest.blocked == 0


async def test_a_refusal_of_our_own_makes_no_call_and_says_how_long(
    kv: CloudflareKv, rest: RestApi
) -> None:
    await read_until_refused(kv)
    calls = len(rest.calls)
    with pytest.raises(StorageError, match="no more calls") as raised:
        await kv.get("a")
    assert 0 < (raised.value.retry_after or 0) <= CALLS.seconds
    assert len(rest.calls) == calls == CALLS.burst


async def test_a_write_waits_for_its_turn(kv: CloudflareKv, rest: RestApi, clock: Clock) -> None:
    await read_until_refused(kv)
    writing = asyncio.create_task(kv.put("a", b"1", 60))
    await asyncio.sleep(2 * GATHERING)
    assert not writing.done()
    clock.now += 1
    await writing
    assert rest.kv.values() == {"a": b"1"}


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), ("300", 300), ("", 300), ("inf", 3600)]
)
async def test_told_to_wait_we_ask_nothing_until_then(
    kv: CloudflareKv, rest: RestApi, clock: Clock, header: str, seconds: int
) -> None:
    rest.faults.append(Fault(429, (("retry-after", header),) if header else ()))
    with pytest.raises(StorageError):
        await kv.get("a")
    clock.now += seconds - 1
    with pytest.raises(StorageError, match="no more calls"):
        await kv.get("a")
    assert len(rest.calls) == 1
    clock.now += 1
    assert await kv.get("a") is None


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"default";r=60;t=20'},
        {"ratelimit": '"default"; r=3; t=20'},
        {"x-ratelimit-remaining": "7", "x-ratelimit-reset": "20"},
    ],
)
async def test_the_last_calls_are_left_to_others(
    database: D1Database, rest: RestApi, clock: Clock, headers: dict[str, str]
) -> None:
    rest.headers = headers
    await database.persona_of("a", "demo")
    clock.now += 19
    with pytest.raises(StorageError, match="no more calls"):
        await database.persona_of("a", "demo")
    clock.now += 1
    await database.persona_of("a", "demo")


@pytest.mark.parametrize(
    "headers",
    [
        {"ratelimit": '"default";r=61;t=20'},
        {"ratelimit": "r"},
        {"ratelimit": '"default";r=-1;t=x'},
        {"x-ratelimit-remaining": "soon", "x-ratelimit-reset": "20"},
        {"x-ratelimit-remaining": "7"},
    ],
)
async def test_other_headers_hold_nobody_up(
    database: D1Database, rest: RestApi, headers: dict[str, str]
) -> None:
    rest.headers = headers
    await database.persona_of("a", "demo")
    await database.persona_of("a", "demo")
    assert len(rest.calls) == 2


async def test_a_wrong_token_is_a_failure_and_stays_secret(
    http: LazyHttpClient, rest: RestApi, clock: Clock
) -> None:
    with serving(rest.app) as url:
        api = CloudflareApi(http, url, "wrong-token", clock)
        with pytest.raises(StorageError, match="HTTP 403") as raised:
            await CloudflareKv(api, ACCOUNT, NAMESPACE).get("a")
    assert "wrong-token" not in str(raised.value)
    assert "wrong-token" not in repr(raised.value)


@each(
    ("text", "seconds"),
    [("0", 0), ("7", 7), ("1.5", 1.5), ("-3", 0), ("1e9", 1e9), ("nan", None), ("inf", float("inf")), ("soon", None), ("", None), ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("Mon, 01 Jan 99999999999 00:00:00 GMT", None)],
)  # fmt: skip
def test_retry_after_is_read_within_bounds(text: str, seconds: float | None) -> None:
    assert retry_after(text) == seconds
