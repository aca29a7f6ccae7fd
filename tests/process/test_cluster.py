"""Several shops that share their state: any serves any reader, and goes on where another ends."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import httpx
import pytest
from redis import Redis as Client

from app.settings import ROOT
from app.storage.db.write_behind import Batching
from tests.conftest import QUICK
from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, ends_of_components
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import SentEvent, Shopper, fillers, slots, stream_of
from tests.support.shopper_client import events as events_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.postgres import Postgres
from tools.support.redis import RedisProcess, installed
from tools.support.server import Server

pytestmark = pytest.mark.skipif(installed() is None, reason="NO REDIS OR VALKEY (tools/install.sh)")

OURS = {"sec-fetch-site": "same-origin"}
IMPATIENT = {"WANDSTORE_PAGE_MEMORY_SECONDS": "0", "WANDSTORE_STORAGE_SECONDS": "1"}
GENERATED = {"shopper_id": "shop_" + "a1" * 16, "shop": {"shop_id": "demo"}}
Shop = Callable[..., Server]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def shop(redis: RedisProcess, postgres: Postgres, model: Model, tmp_path: Path) -> Iterator[Shop]:
    """Open shops that share what is in Redis and PostgreSQL, which is nothing before."""
    redis.flush()
    environment = {
        "WANDSTORE_STATE": "cluster",
        "REDIS_URL": redis.url,
        "DATABASE_URL": postgres.new_schema(),
        "SESSION_SECRET": "a secret that all shops share",
        "WANDSTORE_LEASE_SECONDS": "5",
        **QUICK,
        **model.environment,
    }
    with ExitStack() as stack:

        def opened(name: str, kind: type[Server] = InProcessServer, **more: str) -> Server:
            return stack.enter_context(kind(tmp_path / name, environment | more))

        yield opened


def test_a_stream_opened_on_one_shop_is_served_from_what_another_composes(
    shop: Shop, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]))
    with Shopper(shop("a")) as shopper:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with Shopper(shop("b"), shopper.cookies) as elsewhere:
            with elsewhere.following(stream) as seen:
                events = [next(seen)]
                model.release()
                events += seen
            assert events == shopper.follow(stream)
            assert [event.name for event in events[::2]] == ["component"] * 5 + [
                "progress",
                "ready",
            ]
            with Shopper(shop("c"), shopper.cookies) as late:
                for at, event in enumerate(events):
                    assert late.follow(stream, event.id) == events[at + 1 :]
                    assert elsewhere.follow(stream, event.id) == events[at + 1 :]
            assert elsewhere.store().headers["x-wandstore-page"] == "kept"
            assert elsewhere.store().text == shopper.store().text
    assert len(model.requests) == 1


def test_a_crowd_at_many_shops_costs_one_call_and_each_has_the_page(
    shop: Shop, model: Model
) -> None:
    shops = [shop(name, WANDSTORE_PAGES_PER_ADDRESS="250") for name in "abcd"]
    model.play(Scenario(answer(), deltas_per_second=150, first_delay=0.5))

    async def page_of(at: int) -> tuple[str, str]:
        """Visit one shop, follow the page at the next, and come back to a third."""
        first, second, third = (shops[(at + step) % 4].url for step in range(3))
        async with http.AsyncClient(timeout=60) as shopper:
            stream = stream_of((await shopper.get(f"{first}/store")).text)
            seen = (await shopper.get(second + stream)).text if stream else ""
            return seen, (await shopper.get(f"{third}/store")).text

    async def crowd(size: int) -> list[tuple[str, str]]:
        return await asyncio.gather(*(page_of(at) for at in range(size)))

    seen, pages = zip(*asyncio.run(crowd(60)), strict=True)
    assert len(model.requests) == 1
    assert len({stream.partition("event: ")[2] for stream in seen if stream}) == 1
    assert len(set(pages)) == 1
    assert 'data-filled-by="fallback"' not in pages[0]


def test_a_page_ahead_of_a_rule_is_paid_for_once_however_many_shops_look(
    shop: Shop, model: Model, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "sold")
    begins = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    rule = f"[[rule]]\nfrom = {begins.isoformat()}\npin = 'beeswax-tapers'\nslot = 'hero'"
    (tmp_path / "sold" / "merchandising.toml").write_text(rule)
    catalog = {"WANDSTORE_CATALOG": str(tmp_path / "sold" / "catalog.json")}
    here, there, late = (cast("InProcessServer", shop(name, **catalog)) for name in "abc")
    text = answer()
    model.play(Scenario(text), Scenario(text, hold_after=ends_of_components(text)[:1]))
    with Shopper(here) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        seen = {"events": [{"kind": "shown", "slot": "grid", "by": "grid"}]}
        shopper.post("/signals", json=seen, headers=OURS).raise_for_status()
        eventually(lambda: shopper.get("/store").headers["x-wandstore-page"] == "kept")
    with ThreadPoolExecutor(2) as threads:
        looks = [threads.submit(it.compose_ahead, "demo") for it in (here, there)]
        model.reached(1)
        at_it = "wandstore_pages_composing 1\n"
        eventually(lambda: all(at_it in http.get(f"{it.url}/metrics").text for it in (here, there)))
        model.release()
        assert [look.result() for look in looks] == [{"composed": 1}] * 2
    assert len(model.requests) == 2, "one of them for who came before"
    assert late.compose_ahead("demo") == {"kept": 1}
    assert here.compose_ahead("demo") == {"composed": 1}
    assert len(model.requests) == 2


def test_a_page_is_gone_on_with_from_each_of_its_events_as_if_nothing_had_been(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer()))
    here = shop("a", WANDSTORE_PAGE_MEMORY_SECONDS="0")
    with Shopper(here) as shopper, Client.from_url(redis.url) as state:
        whole = shopper.follow(stream_of(shopper.store().text))
        page = slots(shopper.store().text)
        (journal,) = state.keys("events:*")
        written = state.xrange(journal)
        for there in (2, 4, 6, 8, 10, 11):  # what is written at once is there as a whole
            state.flushall()
            for at, fields in written[:there]:
                state.xadd(journal, fields, at)
            asked = len(model.requests)
            with Shopper(here) as another:
                stream = stream_of(another.store().text)
                events = another.follow(stream, whole[1].id)
                assert events[: there - 2] == whole[2:there]
                assert contents(events) == contents(whole[2:])
                assert slots(another.store().text) == page
            missing = without(model, SLOTS[: there // 2]) if there < 11 else ""
            assert asked_slots(model)[asked:] == [missing] * bool(missing)


def test_a_process_that_is_killed_is_replaced_whatever_it_was_drawing(
    shop: Shop, model: Model
) -> None:
    text = answer()
    holds = [1, *ends_of_components(text)]
    killed, other = shop("killed", Server), shop("other", WANDSTORE_PAGE_MEMORY_SECONDS="0")
    pages = [explorer(step) for step in range(len(holds) + 1)]
    model.play(Scenario(text))
    with generating(other, pages.pop()) as whole:
        undisturbed = contents(list(whole))
    with ExitStack() as stack:
        seen, readers = [], []
        for at, (hold, persona) in enumerate(zip(holds, pages, strict=True)):
            model.play(Scenario(text, hold_after=(hold,)))
            stream = stack.enter_context(generating(killed, persona))
            model.reached(at + 1)
            readers.append(stack.enter_context(generating(other, persona)))
            seen.append([next(stream) for _ in range(2 * at)])
        model.play(Scenario(text))
        killed.kill()
        followed = [list(reader) for reader in readers]
    missing = filter(None, (without(model, SLOTS[:at]) for at in range(len(holds))))
    assert sorted(asked_slots(model)[1 + len(holds) :]) == sorted(missing)
    for persona, before, events in zip(pages, seen, followed, strict=True):
        assert contents(events) == undisturbed
        assert events[: len(before)] == before
        if before:
            with generating(other, persona, before[-1].id) as rest:
                assert list(rest) == events[len(before) :]


def test_a_process_that_was_away_follows_who_has_taken_its_page(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]), Scenario(text))
    here, other = shop("a"), shop("b")
    with Shopper(here) as shopper, Client.from_url(redis.url) as state:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with Shopper(other, shopper.cookies) as elsewhere, elsewhere.following(stream) as seen:
            events = [next(seen)]
            (lease,) = state.keys("lease:*")
            state.set(lease, f"{2**52} another process")
            model.release()
            eventually(lambda: 'part="relay",event="lost"' in shopper.get("/metrics").text)
            state.delete(lease)  # it has drawn nothing, and died
            events += seen
        assert shopper.follow(stream) == events
        assert [event.payload["slot"] for event in events[:10:2]] == list(SLOTS)
    assert asked_slots(model)[1:] == [without(model, SLOTS[:1])]


def test_a_process_that_was_stopped_for_longer_than_its_lease_asks_no_model_again(
    shop: Shop, model: Model
) -> None:
    text = answer()
    drawn, more = ends_of_components(text)[:2]
    first = text[:more] + "]}"  # so it would ask again for what is missing
    model.play(Scenario(first, hold_after=(drawn + 5,)), Scenario(text))
    stopped, other = shop("stopped", Server), shop("other")
    with ExitStack() as stack:
        reader = stack.enter_context(generating(stopped, explorer(0)))
        model.reached(1)
        seen = [next(reader), next(reader)]
        os.kill(stopped.pid, signal.SIGSTOP)
        elsewhere = list(stack.enter_context(generating(other, explorer(0))))
        model.release()
        os.kill(stopped.pid, signal.SIGCONT)
        assert [*seen, *reader] == elsewhere
    assert [event.payload["slot"] for event in elsewhere[:10:2]] == list(SLOTS)
    assert asked_slots(model)[1:] == [without(model, SLOTS[:1])], "what nobody had drawn, once"
    assert 'part="relay",event="lost"} 1' in http.get(f"{stopped.url}/metrics").text


def test_a_process_that_is_cut_off_lets_its_call_go_and_asks_no_model_again(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]), Scenario(text))
    with Client.from_url(redis.url) as state, ExitStack() as stack:
        state.execute_command("ACL SETUSER", "cut", "on", "nopass", "~*", "&*", "+@all")
        stack.callback(state.execute_command, "ACL DELUSER", "cut")
        cut = shop("cut", REDIS_URL=redis.url.replace("//", "//cut:off@"))
        shopper = stack.enter_context(Shopper(cut))
        stream = stream_of(shopper.store().text)
        model.reached(1)
        seen = stack.enter_context(shopper.following(stream))
        first = next(seen)
        state.execute_command("ACL SETUSER", "cut", "off")
        state.execute_command("CLIENT KILL", "USER", "cut")
        model.left(1)
        alone = [first, *seen]
        assert len(model.requests) == 1
        elsewhere = stack.enter_context(Shopper(shop("other"), shopper.cookies))
        gone_on_with = elsewhere.follow(stream)
    assert gone_on_with[:2] == alone[:2]
    for events in (alone, gone_on_with):
        drawn = [event.payload["slot"] for event in events if event.name == "component"]
        assert len(drawn) == len(set(drawn)) >= len(SLOTS), "each slot once"
        assert events[-1].name == "ready"
    assert asked_slots(model)[1:] == [without(model, SLOTS[:1])]


def test_a_page_that_is_put_down_is_taken_up_at_once(shop: Shop, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]), Scenario(text))
    patient = {"WANDSTORE_LEASE_SECONDS": "60", "WANDSTORE_GRACE": "0"}
    leaving, other = shop("a", **patient), shop("b", **patient)
    with Shopper(leaving) as shopper:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with Shopper(other, shopper.cookies) as elsewhere, elsewhere.following(stream) as seen:
            events = [next(seen) for _ in range(3)]  # both components that the model has written
            leaving.stop()
            events += seen
    assert [event.payload["slot"] for event in events[:10:2]] == list(SLOTS)
    assert asked_slots(model)[1:] == [without(model, SLOTS[:2])]


def test_redis_may_restart_in_mid_stream_and_forget_everything(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:2]))
    patient = {"WANDSTORE_LEASE_SECONDS": "20"}
    with Shopper(shop("a", **patient)) as shopper:
        stream = stream_of(shopper.store().text)
        with ExitStack() as stack:
            elsewhere = stack.enter_context(Shopper(shop("b", **patient), shopper.cookies))
            seen, there = (stack.enter_context(it.following(stream)) for it in (shopper, elsewhere))
            model.reached(1)
            events, others = [next(seen) for _ in range(2)], [next(there) for _ in range(2)]
            redis.stop()
            model.release()
            model.reached(2)
            redis.start()
            events += [next(seen) for _ in range(2)]
            others += [next(there) for _ in range(2)]
            with Shopper(shop("c", **patient), shopper.cookies) as late:
                begun = stack.enter_context(late.following(stream))
                model.release()
                assert [*events, *seen] == [*others, *there] == list(begun)
    assert len(model.requests) == 1


def test_redis_may_restart_while_a_model_thinks_and_newcomers_join_the_page(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=(1,)))
    with Shopper(shop("a")) as shopper, Shopper(shop("b")) as another:
        streams = [stream_of(shopper.store().text)]
        model.reached(1)
        redis.stop()
        redis.start()
        streams.append(stream_of(another.store().text))
        model.release()
        pages = [it.follow(stream) for it, stream in zip((shopper, another), streams, strict=True)]
    assert contents(pages[0]) == contents(pages[1])
    assert len(model.requests) == 1


def test_who_is_forgotten_at_one_shop_is_not_composed_for_at_another(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer(), hold_after=ends_of_components(answer())[:1]))
    with Shopper(shop("a")) as shopper, Client.from_url(redis.url) as state:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with shopper.following(stream) as seen:
            next(seen)
            with Shopper(shop("b"), shopper.cookies) as elsewhere:
                assert elsewhere.post("/forget", headers=OURS).status_code == 303
            assert [event.name for event in seen] == ["progress"], "it ends without a last word"
        assert state.keys("ui:*") == []
        assert state.keys("plan:*") == []


def test_what_redis_did_not_take_is_not_written_of_who_has_been_forgotten_elsewhere(
    shop: Shop, redis: RedisProcess
) -> None:
    servers = [shop(name, WANDSTORE_PAGE_MEMORY_SECONDS="0") for name in ("a", "b")]
    with Shopper(servers[0]) as shopper, Client.from_url(redis.url) as state:
        state.config_set("maxmemory", "1")
        shopper.follow(stream_of(shopper.store().text))
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        time.sleep(2 * Batching().seconds)  # and it is on record
        state.config_set("maxmemory", "0")
        with Shopper(servers[1], shopper.cookies) as elsewhere:
            assert elsewhere.post("/forget", headers=OURS).status_code == 303
        heard = 'part="erased",event="erased"'
        eventually(lambda: heard in http.get(f"{servers[0].url}/metrics").text)
        assert [check(servers[0]) for _ in range(2)] == ["ok", "ok"]
        assert state.keys(f"ui:{shopper.cookies['shopper_demo'].partition('.')[0]}:*") == []


def test_a_page_that_was_refused_to_an_address_is_given_to_nobody_else(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer()))
    few = {"WANDSTORE_ADDRESS_CALLS_PER_HOUR": "1", "WANDSTORE_PAGE_MEMORY_SECONDS": "0"}
    here, other = shop("a", **few), shop("b", **few)
    with Client.from_url(redis.url) as state, Shopper(here) as first, Shopper(here) as second:
        first.follow(stream_of(first.store().text))
        state.delete(*state.keys("plan:*"))
        (journal,) = state.keys("events:*")
        events = second.follow(stream_of(second.store().text))
        assert events[-1].name == "ready"
        eventually(lambda: [row[b"name"] for _, row in state.xrange(journal)] == [b"left"])
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=other.url, transport=elsewhere, timeout=60) as third:
        third.get(stream_of(third.get("/store").text))
        page = fillers(third.get("/store").text)
        assert {slot: by for slot, by in page.items() if slot in SLOTS} == dict(
            zip(SLOTS, SLOTS, strict=True)
        )
    assert len(model.requests) == 2


def test_pages_on_their_way_for_an_address_are_counted_for_all_shops(
    shop: Shop, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(1,)))
    here, other = (shop(name, WANDSTORE_PAGES_PER_ADDRESS="1") for name in "ab")
    with Shopper(here) as one, Shopper(other) as another:
        stream = stream_of(one.store().text)
        model.reached(1)
        assert another.store().headers["x-wandstore-page"] == "fallback"
        model.release()
        one.follow(stream)
    assert 'event="no_place_for_address"} 1' in http.get(f"{other.url}/metrics").text


def test_a_process_whose_clock_is_wrong_goes_by_that_of_all(
    shop: Shop, postgres: Postgres, tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import time\ntrue = time.time\ntime.time = lambda: true() + 3600\n"
    )
    url = postgres.new_schema()
    wrong = shop("a", Server, PYTHONPATH=str(tmp_path), DATABASE_URL=url)
    with Shopper(wrong) as shopper:
        shopper.store()
        view = {"events": [{"kind": "view", "product": "dusk-lamp"}]}
        assert shopper.post("/signals", json=view, headers=OURS).status_code == 204
    told = postgres.psql(f"SELECT at FROM {url.rpartition('=')[2]}.signals")  # noqa: S608
    at = datetime.fromisoformat(told.strip())
    assert abs(at.timestamp() - time.time()) < 600


def test_with_redis_full_or_refusing_the_shop_is_open_and_says_so(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer()))
    server = shop("a", WANDSTORE_PAGE_MEMORY_SECONDS="0")
    with Client.from_url(redis.url) as state:
        state.config_set("maxmemory", "1")
        visit(server)
        visit(server)
        assert check(server) == "failed: OutOfMemoryError"
        assert len(model.requests) == 1, "what Redis did not take is in memory"
        assert "BUDGET_UNREACHABLE" not in http.get(f"{server.url}/metrics").text
        state.config_set("maxmemory", "0")
        assert check(server) == "ok"
        state.replicaof("127.0.0.1", "1")
        visit(server)
        assert check(server) == "failed: ReadOnlyError"
        state.replicaof("NO", "ONE")
        assert check(server) == "ok"
        state.config_set("requirepass", "another")
        state.client_kill_filter(_type="normal", skipme=True)
        visit(server)
        assert check(server) == "failed: AuthenticationError"
        state.config_set("requirepass", "")
        assert check(server) == "ok"
        in_the_way = Path(state.config_get("dir")["dir"], "dump.rdb")
        in_the_way.mkdir()
        state.config_set("save", "3600 1")
        state.bgsave()
        eventually(lambda: state.info("persistence")["rdb_last_bgsave_status"] == "err")
        visit(server)
        assert check(server) == "failed: MISCONF"
        in_the_way.rmdir()
        state.config_set("save", "")
        assert check(server) == "ok"
    assert len(model.requests) == 1, "who does not know what is spent spends nothing"


def test_with_redis_loading_or_away_the_shop_is_open_and_says_so(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer()))
    server = shop("a", **IMPATIENT)
    visit(server)
    with redis.loading():
        visit(server)
        eventually(lambda: check(server) == "failed: BusyLoadingError")
    visit(server)
    visit(server)
    assert check(server) == "failed: ConnectionError"
    redis.start()
    assert check(server) == "ok"
    figures = http.get(f"{server.url}/metrics").text
    assert 'wandstore_pool_connections{store="kv",state="idle"} ' in figures
    assert 'wandstore_pool_waiting{store="database"} 0' in figures
    with redis.frozen():
        visit(server)
        with generating(server, explorer(0)) as composed:
            assert list(composed)[-1].name == "ready"
        assert check(server) == "failed: NoAnswer"
    eventually(lambda: check(server) == "ok")
    assert len(model.requests) == 1, "who does not know what is spent spends nothing"
    server.stop()
    (counts,) = (line for line in server.logged("counts") if "relay" in line)
    assert counts["relay"]["alone"]


def test_a_page_that_was_paid_for_outlives_a_moment_in_which_redis_is_silent(
    shop: Shop, model: Model, redis: RedisProcess
) -> None:
    model.play(Scenario(answer()))
    server = shop("a", **IMPATIENT)

    def model_of_page() -> str:
        asked = {**GENERATED, "persona": explorer(0)}
        page = http.post(f"{server.url}/generate", json=asked, timeout=60).json()
        return str(page["meta"]["model"])

    assert model_of_page() == "kimi-k2.6"
    with redis.frozen():
        assert model_of_page() == "house"
    eventually(lambda: check(server) == "ok")
    assert model_of_page() == "kimi-k2.6"
    assert len(model.requests) == 1


def test_a_redis_that_may_drop_leases_is_told_of_once(shop: Shop, redis: RedisProcess) -> None:
    with Client.from_url(redis.url) as state:
        state.config_set("maxmemory-policy", "allkeys-lru")
        servers = [shop("a")]
        state.config_set("maxmemory-policy", "volatile-ttl")
        servers.append(shop("b"))
        state.config_set("maxmemory-policy", "noeviction")
    told = [server.logged("redis_may_drop_leases") for server in servers]
    assert [[line["policy"] for line in lines] for lines in told] == [["allkeys-lru"], []]


def check(server: Server) -> str:
    return str(http.get(f"{server.url}/health").json()["checks"]["kv_connection"])


def visit(server: Server) -> None:
    with Shopper(server) as shopper:
        if stream := stream_of(shopper.store().text):
            assert shopper.follow(stream)[-1].name == "ready"
        assert shopper.store().headers["x-wandstore-page"] == "kept"


@contextmanager
def generating(
    server: Server, persona: dict[str, object], after: int = 0
) -> Iterator[Iterator[SentEvent]]:
    """Follow the page that is generated for a shopper with this persona."""
    body = {**GENERATED, "persona": persona}
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    url = f"{server.url}/generate"
    with http.stream("POST", url, json=body, headers=headers, timeout=60) as response:
        yield events_of(response.iter_lines())


def explorer(step: int) -> dict[str, object]:
    """Return a persona whose page is no other step's."""
    signals = {"avg_order_value": 50, "category_preferences": ["Lamps"]}
    signals |= {"price_sensitivity": "low", "browsing_patterns": []}
    return {"type": "explorer", "confidence": step / 20, "signals": signals}


def asked_slots(model: Model) -> list[str]:
    """Return what each request asked for, in the brief's words."""
    briefs = [request.body["messages"][1]["content"] for request in model.requests]
    return [brief.rpartition("these slots: ")[2].partition(".")[0] for brief in briefs]


def without(model: Model, drawn: Sequence[str]) -> str:
    """Return what is left of what the first request asked for once these slots are drawn."""
    return ", ".join(slot for slot in asked_slots(model)[0].split(", ") if slot not in drawn)


def contents(events: list[SentEvent]) -> list[tuple[str, object]]:
    """Return what events say, but for when the page was made."""
    return [(it.name, it.payload if it.name != "ready" else "") for it in events]
