"""What shops under soak keep, read behind their backs: in files of one, or in engines of several."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from signal import SIGQUIT
from typing import Any, Protocol

from redis import Redis

from tests.support.stored import kv_rows, rows
from tools.support import postgres, redis
from tools.support.server import Server

_REMEMBERED = 11.0
"""Seconds for which a shopper who could not be looked up may be taken for a newcomer."""


class State(Protocol):
    """Where shops keep what they know; `environment` leads them there."""

    @property
    def environment(self) -> Mapping[str, str]: ...

    def forget_layouts(self) -> None:
        """Have pages composed anew for kinds of shoppers that are known."""

    def facts(self) -> list[str]:
        """Return for each fact that is stored whose it is."""

    def calls_paid(self) -> int:
        """Return how many calls the budget has on its books."""

    def outages(self) -> Sequence[AbstractContextManager[None]]:
        """Return what takes away, for as long as a block lasts, what shops can do without."""


class Files:
    """The two files of one process."""

    environment: Mapping[str, str] = {}

    def __init__(self, data: Path) -> None:
        self._server = Server(data)  # knows where they are; it is never started

    def forget_layouts(self) -> None:
        kv_rows(self._server, "DELETE FROM pairs WHERE key LIKE 'plan:%'")

    def facts(self) -> list[str]:
        return [shopper for (shopper,) in rows(self._server, "SELECT shopper_id FROM signals")]

    def calls_paid(self) -> int:
        found = kv_rows(self._server, "SELECT value FROM pairs WHERE key = 'budget:demo'")
        return sum(calls for _, calls, _ in json.loads(found[0][0])) if found else 0

    def outages(self) -> Sequence[AbstractContextManager[None]]:
        return [nullcontext()]


class Engines:
    """A Redis and a PostgreSQL that several processes share."""

    def __init__(self, engine: redis.RedisProcess, database: postgres.Postgres) -> None:
        self._schema = database.new_schema()
        self._database = database
        self._redis = Redis.from_url(engine.url, decode_responses=True)
        self.environment = {
            "WANDSTORE_STATE": "cluster",
            "REDIS_URL": engine.url,
            "DATABASE_URL": self._schema,
            "SESSION_SECRET": "a secret that all shops share",
            "WANDSTORE_LEASE_SECONDS": "2",
        }

    def forget_layouts(self) -> None:
        for key in self._redis.scan_iter("plan:*"):
            self._redis.delete(key)

    def facts(self) -> list[str]:
        table = f"{self._schema.rpartition('=')[2]}.signals"
        return self._database.psql(f"SELECT shopper_id FROM {table}").split()  # noqa: S608 - ours

    def calls_paid(self) -> int:
        spent: Any = self._redis.hgetall("spent:shop:demo")
        return sum(int(calls) for name, calls in spent.items() if name.endswith(":calls"))

    def outages(self) -> Sequence[AbstractContextManager[None]]:
        return [self._without_database(), self._refused()]

    @contextmanager
    def _without_database(self) -> Iterator[None]:
        self._database.stop(SIGQUIT)
        yield
        self._database.start()
        time.sleep(_REMEMBERED)

    @contextmanager
    def _refused(self) -> Iterator[None]:
        """Have Redis let nobody in who does not know its password, and forget nothing."""
        self._redis.config_set("requirepass", "another")
        self._redis.client_kill_filter(_type="normal", skipme=True)
        yield
        self._redis.config_set("requirepass", "")
        time.sleep(_REMEMBERED)


@contextmanager
def state_of(processes: int, data: Path) -> Iterator[State]:
    """Yield the files of one process, or engines for several, which run as long as the block."""
    if processes == 1:
        yield Files(data)
        return
    with redis.RedisProcess(data.with_name("redis")) as engine, postgres.Postgres() as database:
        yield Engines(engine, database)
