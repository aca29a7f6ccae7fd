"""Where state lives: in files of one machine, behind the Worker, or behind Cloudflare's API."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from app.settings import ROOT, Settings, StorageSettings
from app.storage.db.write_behind import Batching
from app.storage.ports import Database, KvStore


async def _nothing() -> None:
    """There is nothing to close."""


class Storage(NamedTuple):
    """KV and database, with what they speak through.

    `load` loads that, in any thread. For `checked` seconds a health check is taken at its word.
    """

    kv: KvStore
    database: Database
    load: Callable[[], object] = lambda: None
    aclose: Callable[[], Awaitable[None]] = _nothing
    batching: Batching = Batching()
    checked: float = 0.0


def open_storage(settings: Settings) -> Storage:
    """Return the state that the settings ask for; nothing of it is open yet."""
    make = {"worker": _of_the_worker, "cloudflare": _of_cloudflare}.get(settings.storage.where)
    return make(settings.storage) if make else _of_one_machine(settings)


def _of_one_machine(settings: Settings) -> Storage:
    from app.storage.db.sqlite import SqliteDatabase  # noqa: PLC0415 - only if it is this one
    from app.storage.kv.sqlite import SqliteKv  # noqa: PLC0415 - likewise

    kv = SqliteKv(settings.data / "kv.sqlite3", time.time)
    database = SqliteDatabase(settings.data / "shop.sqlite3", ROOT / "migrations")
    return Storage(kv, database)


def _of_the_worker(state: StorageSettings) -> Storage:
    from app.storage.db.d1 import D1Database  # noqa: PLC0415 - only if it is this one
    from app.storage.db.worker import WorkerD1  # noqa: PLC0415 - likewise
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise
    from app.storage.kv.worker import WorkerKv  # noqa: PLC0415 - likewise

    http = LazyHttpClient(inside=True)
    token = state.bindings_token
    headers = {"authorization": f"Bearer {token}"} if token else {}
    kv = WorkerKv(http, state.kv_url, headers)
    database = D1Database(WorkerD1(http, state.d1_url, headers))
    return Storage(kv, database, http.load, http.aclose, checked=10.0)


def _of_cloudflare(state: StorageSettings) -> Storage:
    from app.storage.cloudflare_api import CloudflareApi  # noqa: PLC0415 - only if it is this one
    from app.storage.db.cloudflare import CloudflareD1  # noqa: PLC0415 - likewise
    from app.storage.db.d1 import D1Database  # noqa: PLC0415 - likewise
    from app.storage.http import LazyHttpClient  # noqa: PLC0415 - likewise
    from app.storage.kv.cloudflare import CloudflareKv  # noqa: PLC0415 - likewise

    http = LazyHttpClient(inside=False)
    api = CloudflareApi(http, state.api_url, state.api_token, time.monotonic)
    kv = CloudflareKv(api, state.account, state.namespace)
    database = D1Database(CloudflareD1(api, state.account, state.database))
    return Storage(kv, database, http.load, http.aclose, Batching(5.0, 200), checked=60.0)
