"""A shop on Redis and PostgreSQL beside the same shop on its files: what sharing costs."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median

from app.settings import ROOT
from app.storage.db.postgres import PostgresDatabase
from tools.bench import kept, measure, readers, shoppers
from tools.bench.measure import Row
from tools.bench.streaming import Cost, cost_of_round
from tools.support import postgres, redis
from tools.support.server import Server

_ROUNDS, _AT_ONCE = 3, 10
_RATE = 100.0


def run(folder: Path) -> Iterator[Row]:
    """Measure both in turn."""
    if None in (postgres.installed(), redis.installed()):
        yield Row("shops that share", 0.0, "", limit="not measured: no PostgreSQL or no Redis")
        return
    measure.pin(measure.LOAD_CORE)
    with ExitStack() as running:
        model = running.enter_context(measure.model(_RATE))
        engine = running.enter_context(redis.RedisProcess(folder / "redis"))
        url = running.enter_context(postgres.Postgres()).url()
        environment = {
            "KIMI_BASE_URL": model,
            "KIMI_API_KEY": "bench",
            "KIMI_MODEL": "bench",
            "SESSION_SECRET": shoppers.SECRET,
            "WANDSTORE_PAGE_MEMORY_SECONDS": "0",
            **shoppers.NO_LIMITS,
        }
        shared = {"WANDSTORE_STATE": "cluster", "REDIS_URL": engine.url, "DATABASE_URL": url}
        count = _ROUNDS * _AT_ONCE
        alone = shoppers.settle(folder / "alone", count)
        database = PostgresDatabase(url, ROOT / "migrations")
        together = shoppers.settle(folder / "cluster", count, database)
        one = running.enter_context(measure.shop(folder / "alone", environment))
        many = running.enter_context(measure.shop(folder / "cluster", environment | shared))
        rounds = [(_round(many, together), _round(one, alone)) for _ in range(_ROUNDS)]
        yield from _streamed(rounds)
        yield from _kept(many, one)


def _round(server: Server, cookies: Iterator[str]) -> Cost:
    few = list(islice(cookies, _AT_ONCE))
    return cost_of_round((server.url, server.pid), readers.follow_pages, few, 0.0)


def _streamed(rounds: list[tuple[Cost, Cost]]) -> Iterator[Row]:
    cpu, cpu_alone = (median(side.cpu for side in sides) for sides in zip(*rounds, strict=True))
    yield Row(f"cluster: CPU a streamed page, {_AT_ONCE} at once", cpu, "ms", cpu_alone)
    delay, delay_alone = (
        median(delay for side in sides for delay in side.delays)
        for sides in zip(*rounds, strict=True)
    )
    name = f"cluster: delay of a component, median, {_AT_ONCE} at once"
    yield Row(name, delay, "ms", delay_alone, f"added: {delay - delay_alone:.1f} ms")


def _kept(many: Server, one: Server) -> Iterator[Row]:
    """Have a kept page read anew for each request: from Redis, and from a file."""
    if shutil.which("wrk") is None:
        return
    cookies = [asyncio.run(kept.finished(server.url)) for server in (many, one)]
    rates = [
        [kept.rate(f"{server.url}/store", server.pid, cookie) for _ in range(2)]
        for server, cookie in zip((many, one), cookies, strict=True)
    ]
    shared, alone = map(median, rates)
    yield Row("cluster: kept page read from KV, requests a CPU second", shared, "/s", alone)
