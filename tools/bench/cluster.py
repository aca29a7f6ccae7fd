"""A shop on Redis and PostgreSQL beside the same on its files, and what metrics and traces cost."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median
from threading import Thread

from app.metrics.registry import Metrics
from app.settings import ROOT
from app.storage.db.postgres import PostgresDatabase
from app.storage.measured import measured
from tools.bench import kept, measure, readers, shoppers
from tools.bench.measure import Row
from tools.bench.streaming import Cost, cost_of_round
from tools.support import postgres, redis
from tools.support.server import Server

_ROUNDS, _AT_ONCE = 3, 10
_RATE = 100.0
_PROCESSES, _SECONDS, _CONNECTIONS = (1, 2, 4), 2, 16
_MEASURED = 100_000


def run(folder: Path) -> Iterator[Row]:
    """Measure them in turn."""
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
        sink = {"OTEL_EXPORTER_OTLP_ENDPOINT": running.enter_context(_collector())}
        sides = {"cluster": shared, "traced": sink, "alone": {}}
        database = PostgresDatabase(url, ROOT / "migrations")
        cookies = {
            name: shoppers.settle(folder / name, count, database if own is shared else None)
            for name, own in sides.items()
        }
        shops = {
            name: running.enter_context(measure.shop(folder / name, environment | own))
            for name, own in sides.items()
        }
        rounds = [
            {name: _round(shop, cookies[name]) for name, shop in shops.items()}
            for _ in range(_ROUNDS)
        ]
        yield from _streamed(rounds)
        if shutil.which("wrk") is not None:
            guests = {name: asyncio.run(kept.finished(shop.url)) for name, shop in shops.items()}
            yield from _kept(shops, guests)
            rest = [
                running.enter_context(measure.shop(folder / f"shop-{at}", environment | shared))
                for at in range(1, _PROCESSES[-1])
            ]
            yield from _processes([shops["cluster"], *rest], guests["cluster"])


def _round(server: Server, cookies: Iterator[str]) -> Cost:
    few = list(islice(cookies, _AT_ONCE))
    return cost_of_round((server.url, server.pid), readers.follow_pages, few, 0.0)


def _streamed(rounds: Sequence[dict[str, Cost]]) -> Iterator[Row]:
    cpu = {name: median(sides[name].cpu for sides in rounds) for name in rounds[0]}
    for name in ("cluster", "traced"):
        what = f"{name}: CPU a streamed page, {_AT_ONCE} at once"
        yield Row(what, cpu[name], "ms", cpu["alone"])
    delay, delay_alone = (
        median(delay for sides in rounds for delay in sides[name].delays)
        for name in ("cluster", "alone")
    )
    name = f"cluster: delay of a component, median, {_AT_ONCE} at once"
    yield Row(name, delay, "ms", delay_alone, f"added: {delay - delay_alone:.1f} ms")


def _kept(shops: Mapping[str, Server], cookies: Mapping[str, str]) -> Iterator[Row]:
    """Have a kept page read anew for each request: from Redis, and from a file."""
    rounds = [
        {
            name: 1e6 / kept.rate(f"{shop.url}/store", shop.pid, cookies[name])
            for name, shop in shops.items()
        }
        for _ in range(2)
    ]
    cost = {name: median(sides[name] for sides in rounds) for name in shops}
    for name in ("cluster", "traced"):
        yield Row(f"{name}: CPU a kept page read from KV", cost[name], "us", cost["alone"])
    figures = asyncio.run(_time_to_measure())
    yield Row("metrics of a kept page, CPU; baseline: the page", figures, "us", cost["alone"])


async def _time_to_measure() -> float:
    """Return the microseconds for which a kept page, read from KV, is counted and measured."""
    metrics = Metrics()

    async def nothing() -> None:
        """Read no page."""

    began = time.process_time()
    for _ in range(_MEASURED):
        await nothing()
    bare = time.process_time() - began
    began = time.process_time()
    for _ in range(_MEASURED):
        metrics.visits.add("kept")
        await measured(metrics, "kv", "read", nothing())
    return (time.process_time() - began - bare) / _MEASURED * 1e6


def _processes(shops: Sequence[Server], cookie: str) -> Iterator[Row]:
    """Have one shopper's kept page asked for at some of the shops at once, on all cores.

    wrk and Redis run there too, and so may others: what a request costs says how much was theirs.
    """
    cores = (measure.SERVER_CORE, measure.LOAD_CORE)
    for at, shop in enumerate(shops):
        measure.pin_process(shop.pid, cores[at % 2])
    alone = cost_alone = 0.0
    for number in _PROCESSES:
        urls = [f"{shop.url}/store" for shop in shops[:number]]
        each = _CONNECTIONS // number
        before = sum(measure.cpu_seconds(shop.pid) for shop in shops)
        loads = [kept.load(url, cookie, each, *cores, seconds=_SECONDS) for url in urls]
        total = sum(map(kept.answered, loads))
        cost = (sum(measure.cpu_seconds(shop.pid) for shop in shops) - before) / total * 1e6
        alone, cost_alone = alone or total, cost_alone or cost
        name = f"cluster: kept page read from KV, {{}}, {number} process(es)"
        yield Row(name.format("requests a second"), total / _SECONDS, "/s", alone / _SECONDS)
        yield Row(name.format("CPU a request"), cost, "us", cost_alone)


@contextmanager
def _collector() -> Iterator[str]:
    """Run what takes spans and forgets them; give its address."""

    class Sink(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
