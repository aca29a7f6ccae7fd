"""Where state lives: in files of one machine, on servers for many, or with Cloudflare."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import NamedTuple

from app.metrics.registry import Metrics
from app.settings import ROOT, Settings, StorageSettings
from app.storage.db.write_behind import Batching
from app.storage.kv.retrying import BETWEEN_WRITES
from app.storage.measured import MeasuredKv
from app.storage.ports import (
    Database,
    EdgeFiles,
    KvStore,
    Pool,
    SharedJournal,
    SharedLedgers,
    SharedRates,
)
from app.storage.upkeep import Slice, Upkeep, days_before

_OFTEN, _SELDOM = 10.0, 3600.0
"""Seconds between two looks for what is past its time: for pairs, for shoppers and records."""

_NEAR, _FAR = 0.25, 2.0
"""Seconds a page waits for what is stored on another machine, in one's own network or elsewhere."""


async def _nothing() -> None:
    """There is nothing to close."""


class Storage(NamedTuple):
    """KV and database, with what they speak through.

    `load` loads that, in any thread. For `checked` seconds a health check is taken at its word.
    A page waits for `patience` seconds. A key of KV is written every `between_writes` seconds at
    most. `upkeep` is done as long as the shop is open. `counts` has what is counted beside it.
    `hold` keeps other processes out where there may be but one; `ledgers`, `journal` and `rates`
    are what they share, through `pools` of connections. `files` are served at the edge.
    """

    kv: KvStore
    database: Database
    load: Callable[[], object] = lambda: None
    aclose: Callable[[], Awaitable[None]] = _nothing
    batching: Batching = Batching()
    checked: float = 0.0
    patience: float = 0.1
    between_writes: float = 0.0
    upkeep: Sequence[Upkeep] = ()
    counts: Mapping[str, Counter[str]] = {}
    hold: Callable[[], AbstractContextManager[None]] = nullcontext
    ledgers: SharedLedgers | None = None
    journal: SharedJournal | None = None
    rates: SharedRates | None = None
    pools: Callable[[], Mapping[str, Pool]] = dict
    files: EdgeFiles | None = None


def open_storage(settings: Settings, metrics: Metrics) -> Storage:
    """Return the state that the settings ask for, measured; nothing of it is open yet."""
    storage = _STORAGES[settings.storage.where](settings)
    storage.database.measure(metrics)
    given = settings.storage.patience
    return storage._replace(
        kv=MeasuredKv(storage.kv, metrics), patience=storage.patience if given is None else given
    )


def _of_one_machine(settings: Settings) -> Storage:
    from app.storage.db.sqlite import SqliteDatabase  # noqa: PLC0415 - only if it is this one
    from app.storage.folder_lock import hold_folder  # noqa: PLC0415 - likewise
    from app.storage.kv.sqlite import Bounds, SqliteKv  # noqa: PLC0415 - likewise

    bounds = Bounds()._replace(bytes=settings.storage.kv_bytes)
    kv = SqliteKv(settings.data / "kv.sqlite3", time.time, bounds)
    database = SqliteDatabase(settings.data / "shop.sqlite3", ROOT / "migrations")
    expiry = Upkeep({"kv_expired": kv.expire, "kv_shrunk": kv.shrink}, _OFTEN)
    forgetting = {"retired": _retire(database, settings.storage), "shrunk": database.shrink}
    retention = Upkeep(forgetting, _SELDOM)
    counts = {"kv_file": kv.counts, "expiry": expiry.counts, "retention": retention.counts}
    hold = partial(hold_folder, settings.data)
    return Storage(kv, database, upkeep=(expiry, retention), counts=counts, hold=hold)


def _retire(database: Database, state: StorageSettings) -> Slice:
    """Return what forgets some of the shoppers and records that are past their time."""

    def retire() -> Awaitable[int]:
        now = time.time()
        return database.retire(
            days_before(now, state.shopper_days), days_before(now, state.record_days)
        )

    return retire


def _of_cluster(settings: Settings) -> Storage:
    from app.storage.db.postgres import PostgresDatabase  # noqa: PLC0415 - only if it is this one
    from app.storage.kv.redis import RedisKv  # noqa: PLC0415 - likewise
    from app.storage.redis import RedisServer  # noqa: PLC0415 - likewise
    from app.storage.redis_journal import RedisJournal  # noqa: PLC0415 - likewise
    from app.storage.redis_ledgers import RedisLedgers  # noqa: PLC0415 - likewise
    from app.storage.redis_rates import RedisRates  # noqa: PLC0415 - likewise

    redis = RedisServer(settings.storage.redis_url)
    database = PostgresDatabase(settings.storage.database_url, ROOT / "migrations")
    retention = Upkeep({"retired": _retire(database, settings.storage)}, _SELDOM)
    return Storage(
        RedisKv(redis),
        database,
        aclose=redis.close,
        patience=_NEAR,
        upkeep=(retention,),
        counts={"retention": retention.counts},
        ledgers=RedisLedgers(redis, settings.storage.lease),
        journal=RedisJournal(redis, settings.storage.lease),
        rates=RedisRates(redis),
        pools=lambda: {"kv": redis.pool, "database": database.pool},
    )


def _of_the_worker(settings: Settings) -> Storage:
    from app.storage.db.d1 import D1Database  # noqa: PLC0415 - only if it is this one
    from app.storage.db.worker import WorkerD1  # noqa: PLC0415 - likewise
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise
    from app.storage.kv.worker import WorkerKv  # noqa: PLC0415 - likewise
    from app.storage.worker_files import WorkerFiles  # noqa: PLC0415 - likewise
    from app.storage.worker_ledgers import WorkerLedgers  # noqa: PLC0415 - likewise

    state = settings.storage
    secure = any(url.startswith("https:") for url in (state.kv_url, state.d1_url))
    http = LazyHttpClient(inside=True, secure=secure)
    token = state.bindings_token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    kv = WorkerKv(http, state.kv_url, headers)
    database = D1Database(WorkerD1(http, state.d1_url, headers))
    storage = Storage(kv, database, http.load, http.aclose, checked=10.0, patience=_FAR)
    ledgers = WorkerLedgers(http, state.edge_url, headers)
    files = WorkerFiles(http, state.edge_url, headers)
    return _paced(storage._replace(ledgers=ledgers, files=files), state, 1.0)


def _of_cloudflare(settings: Settings) -> Storage:
    from app.storage.cloudflare_api import CloudflareApi  # noqa: PLC0415 - only if it is this one
    from app.storage.db.cloudflare import CloudflareD1  # noqa: PLC0415 - likewise
    from app.storage.db.d1 import D1Database  # noqa: PLC0415 - likewise
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise
    from app.storage.kv.cloudflare import CloudflareKv  # noqa: PLC0415 - likewise

    state, http = settings.storage, LazyHttpClient(inside=False)
    api = CloudflareApi(http, state.api_url, state.api_token, time.monotonic)
    kv = CloudflareKv(api, state.account, state.namespace)
    database = D1Database(CloudflareD1(api, state.account, state.database))
    batching = Batching(5.0, 200, 1)
    storage = Storage(kv, database, http.load, http.aclose, batching, checked=60.0, patience=_FAR)
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
