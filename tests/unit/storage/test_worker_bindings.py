"""KV and D1 through the Worker's bindings: what is sent, what comes back, and every way to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from app.catalog.text import LONGEST_LINE
from app.domain.facts import MAX_NAMES, Fact
from app.domain.persona import NEWCOMER, Persona, Signals
from app.storage import http as storage_http
from app.storage.db.d1 import (
    MAX_BODY_BYTES,
    MAX_PARAMETERS,
    MAX_RECORDS,
    MAX_STATEMENTS,
    D1Database,
)
from app.storage.db.repository import Statement
from app.storage.db.rows import Generation, ShopperHistory, Visited
from app.storage.db.write_behind import Batching, WriteBehind
from app.storage.errors import StorageError
from app.storage.http import LazyHttpClient
from app.storage.kv.retrying import RetryingKv
from app.storage.worker import WorkerD1, WorkerKv, call_body
from app.web.signals_schema import MAX_EVENTS
from tests.support.clock import Clock
from tests.support.fake_cloudflare.bindings import Bindings
from tests.support.fake_cloudflare.d1 import D1
from tests.support.fake_cloudflare.faults import Fault
from tests.support.fake_cloudflare.kv import REMEMBERED, WorkersKv
from tests.support.serving import serving
from tools.support.server import HeldPort

pytestmark = pytest.mark.anyio

SEEN = Visited("shop_1", "demo", "2026-01-01T00:00:00Z")
COLLECTOR = Persona("collector", 0.85, Signals(120.5, ("Café", "家具"), "low", ("compares",)))
VIEW = Fact("view", 20_000, ("dusk-lamp",), ("Lamps",), low=1)
AUTHORIZED = {"authorization": "Bearer of the bindings"}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bindings(clock: Clock) -> Iterator[Bindings]:
    made = Bindings(WorkersKv(clock), D1())
    yield made
    made.d1.close()


@pytest.fixture
async def http() -> AsyncIterator[LazyHttpClient]:
    made = LazyHttpClient(inside=True, secure=False)
    yield made
    await made.aclose()


@pytest.fixture
def url(bindings: Bindings) -> Iterator[str]:
    with serving(bindings.app) as address:
        yield address


@pytest.fixture
def kv(http: LazyHttpClient, url: str) -> WorkerKv:
    return WorkerKv(http, f"{url}/kv", AUTHORIZED)


@pytest.fixture
def database(http: LazyHttpClient, url: str) -> D1Database:
    return D1Database(WorkerD1(http, f"{url}/d1", AUTHORIZED))


async def test_certificates_are_loaded_for_secure_addresses_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("certifi.where", lambda: loaded.append("certificates"))
    plain = LazyHttpClient(inside=True, secure=False)
    await plain.load().aclose()
    assert loaded == []
    await LazyHttpClient(inside=True).load().aclose()
    assert loaded == ["certificates"]


# ------------------------------------------------------------------ KV


@pytest.mark.parametrize(
    "key", ["ui:shop_1:v2_x", "plan:a b/c?d#e%f", "家具:\U0001f98a", "..x", "a" * 512, "%2e%2e", "//"]
)  # fmt: skip
@pytest.mark.parametrize("value", [b"", b"\x00\xff bytes", "家具".encode()])
async def test_a_pair_comes_back_as_it_was_put(
    kv: WorkerKv, bindings: Bindings, key: str, value: bytes
) -> None:
    await kv.put(key, value, 3600)
    assert bindings.kv.pairs[key][:2] == (value, 3600)
    assert await kv.get(key) == value
    await kv.delete(key)
    assert bindings.kv.values() == {}


async def test_what_is_not_there_is_nothing(kv: WorkerKv) -> None:
    assert await kv.get("nobody") is None
    await kv.delete("nobody")


async def test_a_miss_is_remembered_and_a_new_value_seen_late(kv: WorkerKv, clock: Clock) -> None:
    assert await kv.get("a") is None
    await kv.put("a", b"1", 3600)
    assert await kv.get("a") is None
    clock.now += REMEMBERED
    assert await kv.get("a") == b"1"


async def test_the_credential_is_sent_only_where_there_is_one(
    kv: WorkerKv, http: LazyHttpClient, url: str, bindings: Bindings
) -> None:
    await kv.get("a")
    await WorkerKv(http, f"{url}/kv", {}).get("a")
    assert [credential for *_, credential in bindings.seen] == ["Bearer of the bindings", ""]


@pytest.mark.parametrize("status", [400, 413])
async def test_a_refused_pair_is_not_tried_again(
    kv: WorkerKv, bindings: Bindings, status: int
) -> None:
    bindings.faults.append(Fault(status))
    careful = RetryingKv(kv, Clock(), pause=0)
    assert not await careful.put("a", b"1", 60)
    assert len(bindings.seen) == 1
    assert careful.counts == {"kv_write_failed": 1}


@pytest.mark.parametrize("status", [301, 401, 403, 429, 500, 502, 503])
async def test_every_other_answer_is_a_failure_that_repeats_nothing(
    kv: WorkerKv, database: D1Database, bindings: Bindings, status: int
) -> None:
    calls = (
        kv.get("secret-key"),
        kv.put("secret-key", b"secret-value", 60),
        kv.delete("secret-key"),
        database.persona_of("secret-key", "demo"),
    )
    for call in calls:
        bindings.faults.append(Fault(status))
        with pytest.raises(StorageError) as raised:
            await call
        assert str(status) in str(raised.value)
        assert "secret" not in str(raised.value)
        assert "message nobody" not in str(raised.value)


async def test_a_write_is_tried_three_times(kv: WorkerKv, bindings: Bindings) -> None:
    careful = RetryingKv(kv, Clock(), pause=0)
    bindings.faults.extend([Fault(503), Fault(429)])
    await careful.put("a", b"1", 60)
    assert bindings.kv.values() == {"a": b"1"}
    assert careful.counts == {"kv_write_retried": 2}
    bindings.faults.extend([Fault(503)] * 3)
    assert not await careful.put("b", b"1", 60)
    assert "b" not in bindings.kv.values()


async def test_how_long_to_wait_is_passed_on(kv: WorkerKv, bindings: Bindings) -> None:
    bindings.faults.append(Fault(429, (("retry-after", "7"),)))
    with pytest.raises(StorageError) as raised:
        await kv.put("a", b"1", 60)
    assert raised.value.retry_after == 7


async def test_nobody_there_is_a_failure(http: LazyHttpClient) -> None:
    with HeldPort() as nobody:
        kv = WorkerKv(http, nobody.url, {})
        database = D1Database(WorkerD1(http, nobody.url, {}))
        with pytest.raises(StorageError, match="kv binding"):
            await kv.get("a")
        with pytest.raises(StorageError, match="d1 binding"):
            await database.record([SEEN], [])


# ------------------------------------------------------------------ D1


async def test_a_persona_comes_back_as_it_was_set(database: D1Database) -> None:
    assert await database.persona_of("shop_1", "demo") == NEWCOMER
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR


async def test_behaviour_is_kept_and_bounded(database: D1Database, bindings: Bindings) -> None:
    assert await database.add_facts(SEEN, [VIEW]) == ShopperHistory((VIEW,), None, 1)
    for _ in range(12):
        await database.add_facts(SEEN, [VIEW] * 20)
    assert bindings.d1.rows("SELECT count(*) FROM signals") == [(200,)]


async def test_generations_are_recorded_however_many_there_are(
    database: D1Database, bindings: Bindings
) -> None:
    made = [
        Generation(f"g{at}", "shop_1", "v2_x", "completed", "ui:shop_1:v2_x", SEEN.at)
        for at in range(120)
    ]
    records = WriteBehind(database.record, Batching(most=MAX_RECORDS))
    for generation in made:
        records.generation(generation)
    await records.finish()
    assert bindings.d1.rows("SELECT count(*) FROM ui_generations") == [(120,)]
    assert len(bindings.seen) == 120 / MAX_RECORDS


async def test_the_largest_report_and_all_records_of_one_write_fit_into_one_call() -> None:
    calls: list[Sequence[Statement]] = []

    async def ask(work: Sequence[Statement]) -> object:
        calls.append(work)
        return [[] for _ in work]

    names = tuple(f"{at:02}".ljust(LONGEST_LINE, "\U0001f98a") for at in range(MAX_NAMES))
    order = Fact("purchase", products=names, categories=names, order=" ".join(names))
    liked = Persona("loyalist", 0.95, Signals(1e9, names[:3], "high", names[:3]))
    database = D1Database(ask)
    await database.add_facts(SEEN, [order] * MAX_EVENTS)
    await database.set_persona(SEEN, liked, "v2_loyalist", MAX_EVENTS)
    visits = [Visited(f"shop_{at}", "demo", SEEN.at) for at in range(MAX_RECORDS)]
    composed = [
        Generation(f"g{at}", "s", "h", "failed", "ui:s:h", SEEN.at) for at in range(MAX_RECORDS)
    ]
    await database.record(visits, composed)
    assert len(calls) == 3
    for work in calls:
        assert len(work) <= MAX_STATEMENTS
        assert all(len(statement.params) <= MAX_PARAMETERS for statement in work)
        assert len(call_body(work)) <= MAX_BODY_BYTES


async def test_a_call_is_done_whole_or_not_at_all(database: D1Database, bindings: Bindings) -> None:
    with pytest.raises(StorageError):
        await database.add_facts(SEEN, [VIEW, Fact("theft")])
    assert bindings.d1.rows("SELECT * FROM signals") == bindings.d1.rows("SELECT * FROM shoppers")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b"{}", b'{"results": 1}', b'{"results": []}', b'{"results": [1]}', b'{"results": [[1]]}', b'{"results": [[], []]}', b"\xff", b"[" * 99_999],
)  # fmt: skip
async def test_an_answer_of_another_form_is_a_failure(
    database: D1Database, bindings: Bindings, body: bytes
) -> None:
    bindings.faults.append(Fault(200, body=body))
    with pytest.raises(StorageError):
        await database.persona_of("shop_1", "demo")


async def test_an_answer_without_end_is_given_up(
    kv: WorkerKv, bindings: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        storage_http, "_LARGEST_ANSWER", 256 * 1024
    )  # more may take longer than it may
    bindings.faults.append(Fault(200, body=bytes(256 * 1024 + 1)))
    with pytest.raises(StorageError, match="beyond all bounds"):
        await kv.get("a")


async def test_who_does_not_answer_is_not_waited_for_again_and_again(
    kv: WorkerKv, database: D1Database, bindings: Bindings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_http, "_READ", 0.5)
    bindings.faults.append(Fault(hang=60))
    with pytest.raises(StorageError, match="TimeoutError"):
        await kv.get("a")
    asked = len(bindings.seen)
    for _ in range(50):
        with pytest.raises(StorageError, match="a moment ago"):
            await kv.get("a")
    assert len(bindings.seen) == asked
    assert await database.persona_of("shop_1", "demo") == NEWCOMER
    await kv.put("a", b"1", 60)
    assert await kv.get("a") == b"1"
