"""Builds the storage that the settings name: one machine, a cluster, the Worker, or Cloudflare."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from app.metrics.registry import Metrics
from app.settings import ROOT, Settings, StorageSettings
from app.storage.db.repository import ShopRepository
from app.storage.db.rows import stamp
from app.storage.db.write_behind import Batching
from app.storage.errors import StorageError
from app.storage.kv.retrying import BETWEEN_WRITES
from app.storage.measured import MeasuredKv
from app.storage.ports import EdgeFiles, Kv, Pool, SharedLedgers
from app.storage.upkeep import Slice, Upkeep

if TYPE_CHECKING:
    from app.storage.redis_journal import RedisJournal
    from app.storage.redis_rates import RedisRates

_OFTEN, _SELDOM = 10.0, 3600.0
"""Seconds between two looks for what is past its time: for pairs, for shoppers and records."""

_FORGOTTEN_DAYS = 1
"""Days for which nothing is written of who was erased: longer than anything is on its way."""

_NEAR, _FAR = 0.25, 2.0
"""Seconds a page waits for what is stored on another machine, in one's own network or elsewhere."""


Act = Callable[[], Awaitable[object]]


class Storage(NamedTuple):
    """KV and database, with what they speak through.

    `opens` and `closes` are done in their order; `load` loads more, in any thread. For `checked`
    seconds a health check is taken at its word. A page waits for `patience` seconds. A key of KV is
    written every `between_writes` seconds at most. `upkeep` is done as long as the shop is open.
    `counts` has what is counted beside it. `hold` keeps other processes out where there may be but
    one; `ledgers`, `journal` and `rates` are what they share, through `pools` of connections.
    `files` are served at the edge. Every `hears` seconds this process asks whom another one has
    erased. `clock` (Unix seconds) is that of all processes.
    """

    kv: Kv
    database: ShopRepository
    load: Callable[[], object] = lambda: None
    opens: Sequence[Act] = ()
    closes: Sequence[Act] = ()
    batching: Batching = Batching()
    checked: float = 0.0
    patience: float = 0.1
    between_writes: float = 0.0
    upkeep: Sequence[Upkeep] = ()
    counts: Mapping[str, Counter[str]] = {}
    hold: Callable[[], AbstractContextManager[None]] = nullcontext
    ledgers: SharedLedgers | None = None
    journal: "RedisJournal | None" = None
    rates: "RedisRates | None" = None
    pools: Callable[[], Mapping[str, Pool]] = dict
    files: EdgeFiles | None = None
    hears: float = 1.0
    clock: Callable[[], float] = time.time

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Hold all of it open; StorageError where something cannot be opened."""
        for act in self.opens:
            await act()
        try:
            yield
        finally:
            for act in self.closes:
                await act()


def open_storage(settings: Settings, metrics: Metrics) -> Storage:
    """Return the state that the settings ask for, measured; nothing of it is open yet.

    Raises:
        StorageError: a package is not installed, or an address is none.
    """
    where = settings.storage.where
    try:
        storage = _STORAGES[where](settings)
    except ImportError as error:
        raise StorageError(f"{where}: {error} (is wandstore[{where}] installed?)") from error
    storage.database.measure(metrics)
    given = settings.storage.patience
    return storage._replace(
        kv=MeasuredKv(storage.kv, metrics), patience=storage.patience if given is None else given
    )


def _of_one_machine(settings: Settings) -> Storage:
    from app.storage.db.sqlite import SqliteDatabase  # noqa: PLC0415 - only if it is this one
    from app.storage.folder_lock import hold_folder  # noqa: PLC0415 - likewise
    from app.storage.kv.sqlite import SqliteKv  # noqa: PLC0415 - likewise

    most_bytes = settings.storage.kv_bytes
    kv = SqliteKv(settings.data / "kv.sqlite3", time.time, most_bytes=most_bytes)
    database = SqliteDatabase(settings.data / "shop.sqlite3", ROOT / "migrations")
    expiry = Upkeep({"kv_expired": kv.expire, "kv_shrunk": kv.shrink}, _OFTEN)
    forgetting = {"retired": _retire(database, settings.storage), "shrunk": database.shrink}
    retention = Upkeep(forgetting, _SELDOM)
    counts = {"kv_file": kv.counts, "expiry": expiry.counts, "retention": retention.counts}
    hold = partial(hold_folder, settings.data)
    return Storage(
        kv,
        database,
        opens=(kv.open, database.open),
        closes=(database.close, kv.close),
        upkeep=(expiry, retention),
        counts=counts,
        hold=hold,
    )


def _retire(
    database: ShopRepository, state: StorageSettings, clock: Callable[[], float] = time.time
) -> Slice:
    """Return what forgets some of the shoppers and records that are past their time."""
    days = (state.shopper_days, state.record_days, _FORGOTTEN_DAYS)
    return lambda: database.retire(*(stamp(clock(), each) for each in days))


def _of_cluster(settings: Settings) -> Storage:
    from app.storage.db.postgres import Limits, PostgresDatabase  # noqa: PLC0415 - only if used
    from app.storage.redis import TIMEOUT, RedisKv, RedisServer  # noqa: PLC0415 - likewise
    from app.storage.redis_journal import RedisJournal  # noqa: PLC0415 - likewise
    from app.storage.redis_ledgers import RedisLedgers  # noqa: PLC0415 - likewise
    from app.storage.redis_rates import RedisRates  # noqa: PLC0415 - likewise

    longest = settings.storage.patience or 0.0  # no page waits for what has been given up
    redis = RedisServer(settings.storage.redis_url, max(longest, TIMEOUT))
    usual = Limits()
    limits = Limits(max(longest, usual.connect), max(longest, usual.call))
    database = PostgresDatabase(settings.storage.database_url, ROOT / "migrations", limits)
    retention = Upkeep({"retired": _retire(database, settings.storage, redis.now)}, _SELDOM)
    clock = Upkeep({"clock": redis.synchronise}, _OFTEN)
    return Storage(
        RedisKv(redis),
        database,
        opens=(clock.work, database.open),
        closes=(database.close, redis.close),
        patience=_NEAR,
        upkeep=(retention, clock),
        counts={"retention": retention.counts, "clock": clock.counts},
        ledgers=RedisLedgers(redis, settings.storage.lease),
        journal=RedisJournal(redis, settings.storage.lease),
        rates=RedisRates(redis),
        pools=lambda: {"kv": redis.pool, "database": database.pool},
        clock=redis.now,
    )


def _of_the_worker(settings: Settings) -> Storage:
    from app.storage.db.d1 import MAX_RECORDS, D1Database  # noqa: PLC0415 - only if it is this one
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise
    from app.storage.worker import (  # noqa: PLC0415 - likewise
        WorkerD1,
        WorkerFiles,
        WorkerKv,
        WorkerLedgers,
    )

    state = settings.storage
    secure = any(url.startswith("https:") for url in (state.kv_url, state.d1_url))
    http = LazyHttpClient(inside=True, secure=secure)
    token = state.bindings_token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    kv = WorkerKv(http, state.kv_url, headers)
    database = D1Database(WorkerD1(http, state.d1_url, headers))
    storage = Storage(
        kv,
        database,
        load=http.load,
        closes=(http.aclose,),
        batching=Batching(most=MAX_RECORDS),
        checked=10.0,
        patience=_FAR,
        ledgers=WorkerLedgers(http, state.edge_url, headers),
        files=WorkerFiles(http, state.edge_url, headers),
        hears=5.0,
    )
    return _paced(storage, state, 1.0)


def _of_cloudflare(settings: Settings) -> Storage:
    from app.storage.cloudflare import (  # noqa: PLC0415 - only if it is this one
        CloudflareApi,
        CloudflareD1,
        CloudflareKv,
    )
    from app.storage.db.d1 import MAX_RECORDS, D1Database  # noqa: PLC0415 - likewise
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise

    state, http = settings.storage, LazyHttpClient(inside=False)
    api = CloudflareApi(http, state.api_url, state.api_token, time.monotonic)
    kv = CloudflareKv(api, state.account, state.namespace)
    database = D1Database(CloudflareD1(api, state.account, state.database))
    storage = Storage(
        kv,
        database,
        load=http.load,
        closes=(kv.close, http.aclose),
        batching=Batching(5.0, MAX_RECORDS, 8),
        checked=60.0,
        patience=_FAR,
        hears=60.0,
    )
    return _paced(storage, state, 10.0)


def _paced(storage: Storage, state: StorageSettings, pause: float) -> Storage:
    """Return storage of Cloudflare's with its pace and its upkeep, which rests after each call."""
    retention = Upkeep({"retired": _retire(storage.database, state)}, _SELDOM, pause)
    return storage._replace(
        upkeep=(retention,),
        counts={"retention": retention.counts},
        between_writes=BETWEEN_WRITES,
    )


_STORAGES: Mapping[str, Callable[[Settings], Storage]] = {
    "sqlite": _of_one_machine,
    "cluster": _of_cluster,
    "worker": _of_the_worker,
    "cloudflare": _of_cloudflare,
}
