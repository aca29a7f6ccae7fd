"""PostgreSQL: its tables, several processes at once, and a server that is slow, full or gone."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, closing, suppress
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.domain.facts import Fact
from app.domain.persona import NEWCOMER, Persona
from app.storage.db.postgres import Limits, PostgresDatabase
from app.storage.db.repository import Statement
from app.storage.db.rows import Generation, PageViews, Visited
from app.storage.db.sqlite import migrate
from app.storage.db.write_behind import WriteBehind
from app.storage.errors import StorageError
from tests.support.databases import MIGRATIONS
from tools.support.postgres import Postgres

pytestmark = pytest.mark.anyio

AT = "2026-11-26T00:00:00.000+00:00"
SEEN = Visited("shop_1", "demo", AT)
TYPES = {"text": "TEXT", "double precision": "REAL", "integer": "INTEGER", "bigint": "INTEGER"}
PATIENT, IMPATIENT = Limits(30.0, 30.0), Limits(connect=1.0, call=1.0, calls=3)
Connect = Callable[..., Awaitable[PostgresDatabase]]

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable,
    replace(column_default, '::text', ''), collation_name
FROM information_schema.columns WHERE table_schema = current_schema()
    AND table_name NOT LIKE '%migrations' ORDER BY table_name, ordinal_position
"""
INDEXES = """
SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%key'
"""
CHECKS = """
SELECT contype::text, count(*) FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE connamespace = current_schema()::regnamespace AND relname NOT LIKE '%migrations'
GROUP BY contype
"""


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.new_schema()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Open databases that are closed when the test ends."""
    async with AsyncExitStack() as stack:

        async def opened(
            url: str, migrations: Path = MIGRATIONS, limits: Limits = PATIENT
        ) -> PostgresDatabase:
            made = PostgresDatabase(url, migrations, limits)
            stack.push_async_callback(made.close)
            await made.open()
            return made

        yield opened


@pytest.fixture
async def database(connect: Connect, url: str) -> PostgresDatabase:
    return await connect(url)


async def fetch(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


async def sooner_or_later(database: PostgresDatabase) -> Persona:
    """Ask for a persona until there is an answer."""
    async with asyncio.timeout(60):
        while True:
            with suppress(StorageError):
                return await database.persona_of("shop_1", "demo")
            await asyncio.sleep(0.02)


def only(folder: Path, *names: str, **scripts: str) -> Path:
    """Return a folder with some of our migrations, and these."""
    folder.mkdir()
    for name in names:
        shutil.copy(MIGRATIONS / name, folder)
    for name, script in scripts.items():
        (folder / f"{name}.sql").write_text(script)
    return folder


# ------------------------------------------------------------------ tables


@pytest.mark.usefixtures("database")
async def test_the_tables_are_those_of_sqlite(url: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS)
        expected, keys, references = [], 0, 0
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%migrations'"
            " AND name NOT LIKE 'sqlite%' ORDER BY name"
        ).fetchall():
            for _, column, kind, needed, default, key in connection.execute(
                f"PRAGMA table_info({name})"
            ):
                expected.append((name, column, kind, bool(needed or key), default))
            keys += 1
            references += len(connection.execute(f"PRAGMA foreign_key_list({name})").fetchall())
        (whole,) = connection.execute("SELECT group_concat(sql) FROM sqlite_master").fetchone()
        indexes = connection.execute(
            "SELECT name FROM sqlite_master WHERE sql LIKE 'CREATE INDEX%'"
        )
        names = {name for (name,) in indexes}
    found = await fetch(url, COLUMNS)
    assert [
        (table, column, TYPES[str(kind)], needed == "NO", default)
        for table, column, kind, needed, default, _ in found
    ] == expected
    assert len(expected) > 40
    assert {collation for *_, kind, _, _, collation in found if kind == "text"} == {"C"}
    assert {
        name for (name,) in await fetch(url, INDEXES) if not str(name).endswith("_pkey")
    } == names
    assert dict(await fetch(url, CHECKS)) == {
        "p": keys,
        "f": references,
        "c": whole.count("CHECK ("),
    }


async def test_processes_that_open_together_make_the_tables_once(
    connect: Connect, url: str
) -> None:
    together = await asyncio.gather(*(connect(url) for _ in range(4)))
    await asyncio.gather(*(database.check() for database in together))
    ledger = await fetch(url, "SELECT name FROM schema_migrations ORDER BY applied_at, name")
    own = [f"postgres/{path.name}" for path in (MIGRATIONS / "postgres").glob("*.sql")]
    assert sorted(str(name) for (name,) in ledger) == sorted(
        [*own, *(path.name for path in MIGRATIONS.glob("*.sql"))]
    )


async def test_a_broken_migration_leaves_nothing_and_can_be_mended(
    connect: Connect, url: str, tmp_path: Path
) -> None:
    folder = only(tmp_path / "m", a="CREATE TABLE t (x TEXT);", b="INSERT INTO missing VALUES (1);")
    broken = await connect(url, folder)
    with pytest.raises(StorageError, match="UndefinedTable"):
        await broken.check()
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    assert await fetch(url, tables) == []
    (folder / "b.sql").write_text("INSERT INTO t VALUES ('1');")
    await connect(url, folder)
    assert await fetch(url, "SELECT x FROM t") == [("1",)]


async def test_a_release_runs_beside_the_one_before_it(
    connect: Connect, url: str, tmp_path: Path
) -> None:
    newer = only(
        tmp_path / "newer",
        *(path.name for path in MIGRATIONS.glob("*.sql")),
        _9999_next="ALTER TABLE shoppers ADD COLUMN later TEXT; CREATE TABLE later (x TEXT);",
    )
    shutil.copytree(MIGRATIONS / "postgres", newer / "postgres")
    before = await connect(url)
    await before.add_facts(SEEN, [Fact("view")])
    assert (await before.export("shop_1"))["signals"]
    after = await connect(url, newer)
    await after.add_facts(SEEN, [Fact("view")])
    assert len((await before.add_facts(SEEN, [Fact("view")])).facts) == 3
    assert "later" in (await before.export("shop_1"))["shoppers"][0]
    await (await connect(url)).check()


# ------------------------------------------------------------------ several at once


async def test_processes_that_count_the_same_views_never_wait_in_a_circle(
    connect: Connect, url: str
) -> None:
    both = [await connect(url), await connect(url)]
    rows = [("grid", "grid", f"product-{number}", number, 1, 0) for number in range(40)]

    async def count(database: PostgresDatabase, name: str, rows: Sequence[object]) -> None:
        seen = PageViews(20_000, "", "newcomer", "", rows)  # type: ignore[arg-type]
        await database.add_views(Visited(name, "demo", AT), seen, [])

    async def record(database: PostgresDatabase, names: Sequence[str]) -> None:
        await database.record([Visited(name, "demo", AT) for name in names], [])

    for round_ in range(5):
        names = [f"shop_{number}" for number in range(round_ * 40, round_ * 40 + 40)]
        await asyncio.gather(
            *(count(both[0], f"a{number}", rows) for number in range(4)),
            *(count(both[1], f"b{number}", rows[::-1]) for number in range(4)),
            record(both[0], names),
            record(both[1], names[::-1]),
        )
    assert await fetch(url, "SELECT DISTINCT shown FROM views") == [(40,)]
    assert await fetch(url, "SELECT count(*) FROM shoppers") == [(208,)]


async def test_the_persona_that_holds_is_the_one_judged_by_all_that_was_done_anywhere(
    connect: Connect, url: str
) -> None:
    both = [await connect(url), await connect(url)]

    async def learn(database: PostgresDatabase) -> int:
        history = await database.add_facts(SEEN, [Fact("view")])
        known, newest = len(history.facts), history.last_fact_id
        await database.set_persona(SEEN, Persona("explorer", 0.4), f"v2_{known}", newest)
        return known

    known = await asyncio.gather(*(learn(both[number % 2]) for number in range(20)))
    assert sorted(known) == list(range(1, 21)), "each sees what all before it have done"
    assert (await both[0].add_facts(SEEN, [])).persona_hash == "v2_20"


async def test_nothing_stays_of_who_is_erased_while_another_process_writes_of_them(
    connect: Connect, database: PostgresDatabase, url: str
) -> None:
    await database.check()
    door = await asyncpg.connect(url)  # whoever writes of a shopper waits at it until the end
    await door.execute("""
        CREATE FUNCTION wait() RETURNS TRIGGER LANGUAGE plpgsql AS
            'BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON shoppers
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON ui_generations
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait();
    """)

    async def ended_or_waiting(*calls: asyncio.Task[Any]) -> None:
        async with asyncio.timeout(30):
            while True:
                held = await door.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted")
                if held + sum(call.done() for call in calls) >= len(calls):
                    return

    page = Generation("g1", "shop_1", "v2_x", "pending", "ui:x", AT)
    for write in (
        database.add_facts(SEEN, [Fact("view")]),
        database.set_persona(SEEN, Persona("explorer", 0.4), "v2_1", 0),
        database.add_views(
            SEEN, PageViews(1, "", "newcomer", "", [("hero", "hero", "", 0, 1, 0)]), []
        ),
        database.record([SEEN], [page]),
        database.record([], [page]),
    ):
        await door.execute("SELECT pg_advisory_lock(1)")
        writing = asyncio.create_task(write)
        await ended_or_waiting(writing)
        erasing = asyncio.create_task((await connect(url)).erase("shop_1", AT))
        await ended_or_waiting(writing, erasing)
        await door.execute("SELECT pg_advisory_unlock(1)")
        await asyncio.gather(writing, erasing)
        assert not any((await database.export("shop_1")).values())
        await door.execute("DELETE FROM forgotten")
    await door.close()


# ------------------------------------------------------------------ troubles


async def test_an_error_names_its_kind_and_repeats_nothing_of_a_shopper(
    database: PostgresDatabase,
) -> None:
    with pytest.raises(StorageError, match=r"^postgres: CheckViolationError$"):
        await database.add_facts(SEEN, [Fact("theft", products=("secret",))])
    with pytest.raises(StorageError, match=r"^postgres: DataError$"):
        await database.add_facts(SEEN._replace(at=5), [])  # type: ignore[arg-type]


async def test_a_shop_opens_without_its_database_and_goes_on_when_it_is_there(
    connect: Connect, postgres: Postgres, url: str
) -> None:
    postgres.stop(signal.SIGQUIT)
    try:
        late = await connect(url)
        records = WriteBehind(late.record)
        records.visited(SEEN)
        records.generation(Generation("g1", "shop_1", "v2_x", "pending", "ui:x", AT))
        with pytest.raises(StorageError, match="postgres: "):
            await late.check()
        assert not await records.flush()
        assert records.counts == {"record_failed": 1}
    finally:
        postgres.start()
    await records.flush()
    assert await fetch(url, "SELECT id, status FROM ui_generations") == [("g1", "pending")]
    postgres.stop(signal.SIGQUIT)
    postgres.start()
    assert await sooner_or_later(late) == NEWCOMER


async def test_nobody_waits_longer_for_a_slow_server_than_was_said_nor_too_many_at_once(
    connect: Connect, database: PostgresDatabase, url: str
) -> None:
    await database.check()
    slow = await connect(url, limits=IMPATIENT)
    locked = await asyncpg.connect(url)
    async with locked.transaction():
        await locked.execute("LOCK TABLE shoppers IN ACCESS EXCLUSIVE MODE")
        calls = [slow.persona_of("shop_1", "demo") for _ in range(5)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
    assert sorted(map(str, ended)) == [
        *["postgres: TimeoutError"] * 3,
        *["postgres: too many calls at once"] * 2,
    ]
    await locked.close()
    assert await sooner_or_later(slow) == NEWCOMER


async def test_a_server_that_falls_silent_holds_nobody(
    connect: Connect, database: PostgresDatabase, postgres: Postgres, url: str
) -> None:
    await database.check()
    here, leaving = [await connect(url, limits=IMPATIENT) for _ in range(2)]
    with postgres.frozen():
        for _ in range(2):
            with pytest.raises(StorageError, match="TimeoutError"):
                await here.persona_of("shop_1", "demo")
        await leaving.close()
        await connect(url, limits=IMPATIENT)
    assert await sooner_or_later(here) == NEWCOMER


async def test_a_connection_whose_end_has_been_announced_is_a_storage_error(
    connect: Connect, postgres: Postgres, url: str
) -> None:
    opened: list[asyncio.StreamWriter] = []

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while part := await reader.read(65_536):
            writer.write(part)
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened.append(writer)
        back, there = await asyncio.open_unix_connection(postgres.folder / ".s.PGSQL.5432")
        await asyncio.gather(passed_on(reader, there), passed_on(back, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        schema = url.rpartition("=")[2]
        database = await connect(
            f"postgresql://shop@127.0.0.1:{port}/postgres?search_path={schema}"
        )
        await database.check()
        said = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0"
        opened[-1].write(b"E" + (len(said) + 4).to_bytes(4, "big") + said)
        for _ in range(10):
            await asyncio.sleep(0)  # it is read, and the connection not closed yet
        with pytest.raises(StorageError):
            await database.check()
        opened[-1].close()
        assert await sooner_or_later(database) == NEWCOMER
        await database.close()


async def test_when_another_server_becomes_the_primary_the_shop_connects_anew(
    database: PostgresDatabase,
) -> None:
    run = database._run  # noqa: SLF001 - what the server does to a session is not the port's
    await run(Statement("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", ()))
    with pytest.raises(StorageError, match="ReadOnly"):
        await database.check()
    await database.check()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:sec#ret@127.0.0.1/postgres",
        "postgresql://shop:sec/ret@127.0.0.1/postgres",
        "postgresql://shop:secret@127.0.0.1:1,/postgres",
        "postgresql://shop:secret@127.0.0.1/postgres?sslmode=ret",
    ],
)
async def test_an_address_that_cannot_be_read_stops_the_start_and_is_not_repeated(url: str) -> None:
    with pytest.raises(StorageError, match=r"^DATABASE_URL: ") as raised:
        await PostgresDatabase(url, MIGRATIONS).open()
    assert "ret" not in str(raised.value)


async def test_a_server_that_refuses_us_is_named_by_the_check_and_not_by_its_address(
    connect: Connect, postgres: Postgres, caplog: pytest.LogCaptureFixture
) -> None:
    for wrong, kind in (
        ("postgresql://shop:secret@/missing?host={}", "InvalidCatalogNameError"),
        ("postgresql://nobody:secret@/postgres?host={}", "InvalidAuthorizationSpecificationError"),
        ("postgresql://shop:secret@127.0.0.1:1/postgres", "ConnectionRefusedError"),
    ):
        database = await connect(wrong.format(postgres.folder))
        with pytest.raises(StorageError, match=rf"^postgres: {kind}$"):
            await database.check()
        assert kind in caplog.text
    assert "secret" not in caplog.text
