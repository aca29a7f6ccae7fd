"""The database of one machine or many, its migrations, and the records that are written later."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from app.domain.facts import MAX_FACTS, Fact
from app.domain.persona import NEWCOMER, Persona, Signals
from app.storage.db.rows import (
    Generation,
    PageViews,
    ShopperHistory,
    Visited,
    read_shoppers_facts,
)
from app.storage.db.sqlite import SqliteDatabase
from app.storage.db.write_behind import Batching, WriteBehind
from app.storage.errors import StorageError
from app.storage.ports import Kv
from app.storage.shoppers import ShopperData
from tests.support.databases import KINDS, MIGRATIONS, OpenDatabase, opened

pytestmark = pytest.mark.anyio

SEEN = Visited("shop_1", "demo", "2026-01-01T00:00:00Z")
SEEN_LATER = Visited("shop_1", "demo", "2026-01-02T00:00:00Z")
COLLECTOR = Persona(
    "collector", 0.85, Signals(120.5, ("Ceramics", "Café"), "low", ("compares", "returns"))
)


def generation(status: str = "pending", **changes: Any) -> Generation:
    usual = {
        "id": "g1",
        "shopper_id": "shop_1",
        "persona_hash": "v2_x",
        "status": status,
        "kv_key": "ui:shop_1:v2_x",
        "started_at": "2026-01-01T00:00:00Z",
    }
    return Generation(**{**usual, **changes})


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "shop.sqlite"


# ------------------------------------------------------------------ migrations


def migrations(folder: Path, **scripts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, script in scripts.items():
        (folder / f"{name}.sql").write_text(script)
    return folder


async def migrated(path: Path, folder: Path) -> None:
    database = SqliteDatabase(path, folder)
    await database.open()
    await database.close()


async def test_migrations_are_applied_in_order(path: Path, tmp_path: Path) -> None:
    folder = migrations(
        tmp_path / "m",
        _0002_more="INSERT INTO t VALUES (2);",
        _0001_first="CREATE TABLE t (x); INSERT INTO t VALUES (1);",
        _0010_last="UPDATE t SET x = x * 10;",
    )
    await migrated(path, folder)
    assert rows(path, "SELECT x FROM t") == [(10,), (20,)]


async def test_a_migration_is_applied_once(path: Path, tmp_path: Path) -> None:
    folder = migrations(tmp_path / "m", a="CREATE TABLE t (x); INSERT INTO t VALUES (1);")
    await migrated(path, folder)
    migrations(folder, b="INSERT INTO t VALUES (2);")
    await migrated(path, folder)
    assert rows(path, "SELECT x FROM t") == [(1,), (2,)]


async def test_the_ledger_is_d1s(path: Path, tmp_path: Path) -> None:
    folder = migrations(tmp_path / "m", a="CREATE TABLE t (x);", b="CREATE TABLE u (x); -- end")
    await migrated(path, folder)
    assert rows(path, "SELECT id, name FROM d1_migrations") == [(1, "a.sql"), (2, "b.sql")]
    assert all(at for (at,) in rows(path, "SELECT applied_at FROM d1_migrations"))


async def test_a_broken_migration_leaves_nothing_and_those_before_it_stay(
    path: Path, tmp_path: Path
) -> None:
    folder = migrations(
        tmp_path / "m",
        a="CREATE TABLE t (x);",
        b="CREATE TABLE u (x); INSERT INTO t VALUES (1); INSERT INTO missing VALUES (1);",
        c="CREATE TABLE w (x);",
    )
    with pytest.raises(StorageError, match="missing"):
        await migrated(path, folder)
    names = {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert {"u", "w"}.isdisjoint(names)
    assert rows(path, "SELECT x FROM t") == []
    assert rows(path, "SELECT name FROM d1_migrations") == [("a.sql",)]


async def test_a_broken_migration_can_be_mended(path: Path, tmp_path: Path) -> None:
    folder = migrations(tmp_path / "m", a="CREATE TABLE t (x); CREATE TABLE t (x);")
    with pytest.raises(StorageError):
        await migrated(path, folder)
    await migrated(path, migrations(folder, a="CREATE TABLE t (x);"))
    assert rows(path, "SELECT name FROM d1_migrations") == [("a.sql",)]


async def test_the_projects_own_migrations_open_a_new_and_an_old_file(path: Path) -> None:
    await migrated(path, MIGRATIONS)
    await migrated(path, MIGRATIONS)
    names = {name for (name,) in rows(path, "SELECT name FROM sqlite_master WHERE type='table'")}
    assert {"shoppers", "personas", "ui_generations", "d1_migrations"} <= names


# ------------------------------------------------------------------ personas


@pytest.fixture(params=KINDS)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    async with opened(request, tmp_path) as made:
        yield made


async def test_a_shopper_of_whom_nothing_is_known_is_a_newcomer(database: OpenDatabase) -> None:
    assert await database.persona_of("nobody", "demo") == NEWCOMER
    await database.record([SEEN], [])
    assert await database.persona_of("shop_1", "demo") == NEWCOMER


async def test_a_persona_comes_back_as_it_was_set(database: OpenDatabase) -> None:
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR


async def test_the_persona_set_last_is_the_current_one(database: OpenDatabase) -> None:
    minimalist = Persona("minimalist", 0.5)
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    await database.set_persona(SEEN_LATER, minimalist, "v2_b", 0)
    assert await database.persona_of("shop_1", "demo") == minimalist
    await database.set_persona(SEEN_LATER, COLLECTOR, "v2_a", 0)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR


async def test_shoppers_who_share_a_hash_keep_signals_of_their_own(
    database: OpenDatabase,
) -> None:
    other = Persona("collector", 0.87, Signals(130.0))
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    await database.set_persona(Visited("shop_2", "demo", SEEN.at), other, "v2_a", 0)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR
    assert await database.persona_of("shop_2", "demo") == other


async def test_a_shopper_of_one_shop_is_a_stranger_to_another(database: OpenDatabase) -> None:
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    assert await database.persona_of("shop_1", "corner") == NEWCOMER


async def test_setting_a_persona_keeps_when_the_shopper_first_came(database: OpenDatabase) -> None:
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    await database.set_persona(SEEN_LATER, COLLECTOR, "v2_a", 0)
    assert await database.rows("SELECT created_at, last_seen_at FROM shoppers") == [
        (SEEN.at, SEEN_LATER.at)
    ]


async def test_a_row_that_makes_no_sense_is_a_newcomers(database: OpenDatabase) -> None:
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    await database.rows("UPDATE personas SET signals = 'not json'")
    assert await database.persona_of("shop_1", "demo") == NEWCOMER


# ------------------------------------------------------------------ records


async def test_a_sighting_is_kept_with_the_first_and_the_last_time(database: OpenDatabase) -> None:
    await database.record([SEEN], [])
    await database.record([SEEN_LATER], [])
    query = "SELECT id, shop_id, created_at, last_seen_at FROM shoppers"
    assert await database.rows(query) == [("shop_1", "demo", SEEN.at, SEEN_LATER.at)]


async def test_a_generation_is_followed_from_its_start_to_its_end(database: OpenDatabase) -> None:
    await database.record([], [generation()])
    done = generation("failed", completed_at="2026-01-01T00:00:09Z", error_message="TIMEOUT")
    await database.record([], [done])
    query = "SELECT status, started_at, completed_at, error_message FROM ui_generations"
    assert await database.rows(query) == [("failed", done.started_at, done.completed_at, "TIMEOUT")]


async def test_records_are_written_all_or_none(database: OpenDatabase) -> None:
    with pytest.raises(StorageError):
        await database.record([SEEN], [generation(), generation("nonsense", id="g2")])
    assert await database.rows("SELECT id FROM shoppers") == []
    assert await database.rows("SELECT id FROM ui_generations") == []


class Records:
    """Takes what it is given, or fails as long as it is told to, while something else happens."""

    def __init__(self) -> None:
        self.broken = False
        self.meanwhile: Callable[[], None] = lambda: None
        self.written: list[tuple[list[Visited], list[Generation]]] = []

    async def record(
        self, sightings: Iterable[Visited], generations: Iterable[Generation]
    ) -> Sequence[str]:
        self.meanwhile()
        if self.broken:
            raise StorageError("shop.sqlite: database is locked")
        self.written.append((list(sightings), list(generations)))
        return ()


async def test_nothing_is_written_where_nothing_happened() -> None:
    records = Records()
    await WriteBehind(records.record).flush()
    assert records.written == []


async def test_only_the_newest_of_each_is_written_and_only_once() -> None:
    records = Records()
    recorder = WriteBehind(records.record)
    recorder.visited(SEEN)
    recorder.visited(SEEN_LATER)
    recorder.generation(generation())
    recorder.generation(generation("completed"))
    await recorder.flush()
    await recorder.flush()
    assert records.written == [([SEEN_LATER], [generation("completed")])]


async def test_what_cannot_be_written_waits_and_is_counted_and_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    records = Records()
    recorder = WriteBehind(records.record)
    recorder.visited(SEEN)
    recorder.generation(generation())
    records.broken = True
    for _ in range(3):
        await recorder.flush()
    records.broken = False
    await recorder.flush()
    assert records.written == [([SEEN], [generation()])]
    assert recorder.counts == {"record_failed": 1}, "a failure that goes on is one"
    assert len(caplog.records) == 1
    recorder.visited(SEEN)
    records.broken = True
    await recorder.flush()
    assert recorder.counts == {"record_failed": 2}


async def test_what_is_on_its_way_as_the_shop_closes_is_written_by_who_closes_it() -> None:
    records, asked = Records(), asyncio.Event()

    async def busy(*written: Iterable[Any]) -> Sequence[str]:
        if not asked.is_set():
            asked.set()
            await asyncio.sleep(60)
        return await records.record(*written)

    recorder = WriteBehind(busy, Batching(seconds=0))
    recorder.visited(SEEN)
    recorder.generation(generation())
    running = asyncio.create_task(recorder.run())
    await asked.wait()
    running.cancel()
    await asyncio.wait({running})
    await recorder.finish()
    assert records.written == [([SEEN], [generation()])]
    assert not recorder.counts, "nothing has failed"


async def test_what_came_during_a_failure_is_newer_than_what_waited() -> None:
    records = Records()
    recorder = WriteBehind(records.record)

    def news() -> None:
        recorder.visited(SEEN_LATER)
        recorder.generation(generation("completed"))

    recorder.visited(SEEN)
    recorder.generation(generation())
    records.broken, records.meanwhile = True, news
    await recorder.flush()
    records.broken, records.meanwhile = False, lambda: None
    await recorder.flush()
    assert records.written == [([SEEN_LATER], [generation("completed")])]


async def test_the_bound_holds_after_a_failure_as_well() -> None:
    records = Records()
    recorder = WriteBehind(records.record, Batching(most=5_000))

    def news() -> None:
        for number in range(4_000):
            recorder.visited(Visited(f"late_{number}", "demo", SEEN.at))

    for number in range(4_000):
        recorder.visited(Visited(f"early_{number}", "demo", SEEN.at))
    records.broken, records.meanwhile = True, news
    await recorder.flush()
    records.broken, records.meanwhile = False, lambda: None
    await recorder.flush()
    assert len(records.written[0][0]) == 5_000


async def test_beyond_the_bound_the_oldest_are_dropped_and_counted() -> None:
    records = Records()
    recorder = WriteBehind(records.record, Batching(most=5_000))
    for number in range(5_003):
        recorder.visited(Visited(f"shop_{number}", "demo", SEEN.at))
    for number in range(5_002):
        recorder.generation(generation(id=f"g{number}"))
    await recorder.flush()
    sightings, generations = records.written[0]
    assert (len(sightings), len(generations)) == (5_000, 5_000)
    assert (sightings[0].shopper_id, generations[0].id) == ("shop_3", "g2")
    assert recorder.counts == {"record_dropped": 5}


async def test_no_more_is_written_together_than_was_said() -> None:
    records = Records()
    recorder = WriteBehind(records.record, Batching(1.0, 2))
    for number in range(5):
        recorder.visited(Visited(f"shop_{number}", "demo", SEEN.at))
    recorder.generation(generation())
    assert await recorder.flush()
    assert [len(seen) for seen, _ in records.written] == [2]
    await recorder.finish()
    assert [len(seen) for seen, _ in records.written] == [2, 2, 1]
    assert [len(made) for _, made in records.written] == [1, 0, 0]


async def test_a_round_writes_all_that_waits_a_little_at_a_time() -> None:
    records, written = Records(), asyncio.Event()

    def count() -> None:
        if len(records.written) == 5:
            written.set()

    records.meanwhile = count
    recorder = WriteBehind(records.record, Batching(0.0))
    for number in range(501):
        recorder.visited(Visited(f"shop_{number}", "demo", SEEN.at))
    running = asyncio.create_task(recorder.run())
    await written.wait()
    running.cancel()
    assert [len(seen) for seen, _ in records.written] == [100] * 5 + [1]


async def test_the_end_does_not_wait_for_what_cannot_be_written() -> None:
    records = Records()
    recorder = WriteBehind(records.record, Batching(1.0, 2))
    for number in range(5):
        recorder.visited(Visited(f"shop_{number}", "demo", SEEN.at))
    records.broken = True
    await recorder.finish()
    assert recorder.counts == {"record_failed": 1}


async def test_a_recorder_writes_to_a_real_database(database: OpenDatabase) -> None:
    recorder = WriteBehind(database.record)
    recorder.visited(SEEN)
    recorder.generation(generation("completed"))
    await recorder.flush()
    assert await database.rows("SELECT id FROM shoppers") == [("shop_1",)]
    assert await database.rows("SELECT id, status FROM ui_generations") == [("g1", "completed")]


# ------------------------------------------------------------------ behaviour


VIEW = Fact("view", 20_000, ("dusk-lamp",), ("Lamps",), low=1)
ORDER = Fact("purchase", 20_001, ("a", "b"), ("Lamps", "Café"), cents=12_345)


async def test_facts_come_back_in_their_order_with_the_hash_judged_last(
    database: OpenDatabase,
) -> None:
    assert await database.add_facts(SEEN, [VIEW]) == ShopperHistory((VIEW,), None, 1)
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 1)
    assert await database.add_facts(SEEN, [ORDER, VIEW]) == ShopperHistory(
        (VIEW, ORDER, VIEW), "v2_a", 3
    )


async def test_an_order_is_noted_once_of_its_shopper_however_often_it_is_reported(
    database: OpenDatabase,
) -> None:
    first, second = (ORDER._replace(order=name) for name in ("1042", "1043"))
    again = first._replace(day=20_002, cents=9, origins=("p1/hero", "p1/grid"))
    assert (await database.add_facts(SEEN, [first, again])).facts == (first,)
    facts = (first, ORDER, second, ORDER, VIEW, VIEW)
    history = await database.add_facts(SEEN, [again, ORDER, second, second, ORDER, VIEW, VIEW])
    assert history.facts == facts, "what has no name is not compared"
    other = Visited("shop_2", "demo", SEEN.at)
    assert (await database.add_facts(other, [first])).facts == (first,)


async def test_a_persona_gives_way_to_one_judged_by_newer_facts(database: OpenDatabase) -> None:
    early = await database.add_facts(SEEN, [VIEW])
    late = await database.add_facts(SEEN, [ORDER])
    await database.add_facts(Visited("shop_2", "demo", SEEN.at), [VIEW])
    await database.set_persona(SEEN, COLLECTOR, "v2_late", late.last_fact_id)
    await database.set_persona(SEEN, Persona("explorer", 0.4), "v2_early", early.last_fact_id)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR
    assert (await database.add_facts(SEEN, [])).persona_hash == "v2_late"


async def test_the_current_persona_is_never_forgotten_for_one_that_gives_way(
    database: OpenDatabase,
) -> None:
    first = await database.add_facts(SEEN, [VIEW])
    await database.set_persona(SEEN, COLLECTOR, "v2_current", first.last_fact_id)
    await database.add_facts(SEEN, [VIEW])
    for number in range(30):
        at = Visited("shop_1", "demo", f"2027-01-{number + 1:02}T00:00:00Z")
        await database.set_persona(at, Persona("explorer", 0.4), f"v2_{number}", first.last_fact_id)
    assert await database.persona_of("shop_1", "demo") == COLLECTOR


async def test_one_shopper_never_sees_anothers_facts(database: OpenDatabase) -> None:
    await database.add_facts(SEEN, [VIEW])
    other = Visited("shop_2", "demo", SEEN.at)
    assert (await database.add_facts(other, [ORDER])).facts == (ORDER,)


async def test_of_too_many_facts_the_oldest_go_and_orders_last(database: OpenDatabase) -> None:
    await database.add_facts(SEEN, [ORDER, *[VIEW] * MAX_FACTS])
    newest = Fact("view", 20_002)
    kept = (await database.add_facts(SEEN, [newest])).facts
    assert len(kept) == MAX_FACTS
    assert (kept[0], kept[-1]) == (ORDER, newest)
    assert await database.rows("SELECT count(*) FROM signals") == [(MAX_FACTS,)]


async def test_facts_that_make_no_sense_are_passed_over(database: OpenDatabase) -> None:
    for nonsense in ("", "[" * 100_000, "[]", '{"kind": "theft"}', '{"kind": NaN}'):
        await database.add_facts(SEEN, [VIEW])
        await database.rows(f"UPDATE signals SET fact = '{nonsense}'")  # noqa: S608 - no quotes
    assert (await database.add_facts(SEEN, [ORDER])).facts == (ORDER,)


async def test_the_latest_facts_of_a_shop_come_with_whose_they_are(database: OpenDatabase) -> None:
    await database.add_facts(SEEN, [VIEW, Fact("filter", 20_000), ORDER])
    await database.add_facts(SEEN._replace(shopper_id="shop_2"), [VIEW])
    await database.add_facts(SEEN._replace(shopper_id="shop_3", shop_id="corner"), [VIEW])
    latest = list(read_shoppers_facts(await database.latest_facts(SEEN.shop_id)))
    assert latest == [("shop_2", VIEW), (SEEN.shopper_id, ORDER), (SEEN.shopper_id, VIEW)]


async def test_a_kind_we_do_not_know_cannot_be_stored(database: OpenDatabase) -> None:
    with pytest.raises(StorageError):
        await database.add_facts(SEEN, [VIEW, Fact("theft")])
    assert (await database.add_facts(SEEN, [])).facts == ()


async def test_of_a_shoppers_former_personas_few_are_kept_and_the_current_one_always(
    database: OpenDatabase,
) -> None:
    for number in range(30):
        at = Visited("shop_1", "demo", f"2026-01-{number + 1:02}T00:00:00Z")
        await database.set_persona(at, COLLECTOR, f"v2_{number}", 0)
    await database.set_persona(SEEN, Persona("explorer", 0.4), "v2_old", 0)
    assert (await database.persona_of("shop_1", "demo")).type == "explorer"
    hashes = {name for (name,) in await database.rows("SELECT hash FROM personas")}
    assert hashes == {f"v2_{number}" for number in range(10, 30)} | {"v2_old"}


async def test_what_a_shopper_did_before_is_read_once(database: OpenDatabase) -> None:
    first = await database.add_facts(SEEN, [VIEW, ORDER])
    second = await database.add_facts(SEEN, [VIEW])
    assert [id(fact) for fact in second.facts[:2]] == [id(fact) for fact in first.facts]


# ------------------------------------------------------------------ retention

OLD, NOW = "2026-01-01T00:00:00Z", "2026-07-01T00:00:00Z"
BETWEEN = "2026-04-01T00:00:00Z"


async def everything(database: OpenDatabase, shoppers: str, records: str) -> int:
    removed = 0
    while count := await database.retire(shoppers, records, OLD):
        removed += count
    return removed


async def test_who_is_not_seen_again_is_forgotten_with_all_that_was_theirs(
    database: OpenDatabase,
) -> None:
    for name, at in (("gone", OLD), ("back", NOW)):
        known = await database.add_facts(Visited(name, "demo", at), [VIEW])
        await database.set_persona(Visited(name, "demo", at), COLLECTOR, "v2_a", known.last_fact_id)
    assert await everything(database, BETWEEN, BETWEEN) == 1
    assert await database.rows("SELECT id FROM shoppers") == [("back",)]
    assert await database.rows("SELECT shopper_id FROM personas") == [("back",)]
    assert await database.rows("SELECT shopper_id FROM signals") == [("back",)]


async def test_what_a_shopper_did_long_ago_is_forgotten_although_they_return(
    database: OpenDatabase,
) -> None:
    await database.add_facts(Visited("back", "demo", OLD), [VIEW])
    await database.add_facts(Visited("back", "demo", NOW), [ORDER])
    await everything(database, BETWEEN, BETWEEN)
    assert await database.rows("SELECT at FROM signals") == [(NOW,)]


async def test_records_of_pages_have_a_time_of_their_own(database: OpenDatabase) -> None:
    made = [generation(id=f"g{at}", started_at=OLD) for at in range(600)]
    await database.record([SEEN], [*made, generation(id="new", started_at=NOW)])
    assert await database.retire(OLD, BETWEEN, OLD) == 500
    assert await everything(database, OLD, BETWEEN) == 100
    assert await database.rows("SELECT id FROM ui_generations") == [("new",)]
    assert await database.rows("SELECT id FROM shoppers") == [("shop_1",)]


async def test_nothing_is_written_of_who_was_erased_until_that_is_forgotten_too(
    database: OpenDatabase,
) -> None:
    kept = Visited("shop_2", "demo", NOW)
    await database.erase("shop_1", NOW)
    pages = await database.record([SEEN, kept], [generation(), generation(id="g2")])
    assert set(pages) == {generation().kv_key}
    assert await database.add_facts(SEEN, [VIEW]) == ShopperHistory((), None)
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    seen = PageViews(1, "", "newcomer", "", [("hero", "hero", "", 0, 1, 0)])
    await database.add_views(SEEN, seen, [("test", "a")])
    assert not any((await database.export("shop_1")).values())
    assert await database.rows("SELECT id FROM shoppers") == [("shop_2",)]
    assert await database.retire(OLD, OLD, "2026-07-02T00:00:00Z") == 1
    await database.record([SEEN], [])
    assert await database.rows("SELECT id FROM shoppers ORDER BY id") == [("shop_1",), ("shop_2",)]


async def test_who_was_seen_last_in_a_shop_is_known_with_their_personas(
    database: OpenDatabase,
) -> None:
    elsewhere, newcomer = Visited("shop_2", "other", NOW), Visited("shop_3", "demo", NOW)
    await database.record([SEEN, elsewhere, newcomer], [])
    await database.set_persona(SEEN, COLLECTOR, "v2_a", 0)
    found = await database.latest_shoppers("demo")
    assert {it.id: it.persona for it in found} == {"shop_1": COLLECTOR, "shop_3": NEWCOMER}


async def test_a_page_that_is_recorded_during_an_erasure_is_erased_as_well(
    database: OpenDatabase,
) -> None:
    class Pages(dict[str, bytes]):
        async def delete(self, key: str) -> None:
            self.pop(key, None)
            if late.kv_key in self and key != late.kv_key:
                await database.record([], [late])

    late = generation(id="late", kv_key="ui:shop_1:late")
    await database.record([SEEN], [generation()])
    pages = Pages(dict.fromkeys((generation().kv_key, late.kv_key), b""))
    assert await ShopperData(cast("Kv", pages), database, None).erase("shop_1")
    assert not pages
    assert not any((await database.export("shop_1")).values())


async def test_a_check_writes_and_leaves_nothing(database: OpenDatabase) -> None:
    await database.check()
    assert await database.rows("SELECT id FROM shoppers") == []


async def test_a_file_that_is_gone_is_written_to_no_more(path: Path) -> None:
    database = SqliteDatabase(path, MIGRATIONS)
    await database.open()
    await asyncio.to_thread(path.unlink)
    with pytest.raises(StorageError, match="gone"):
        await database.check()
    await database.close()
