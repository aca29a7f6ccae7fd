"""The Worker in workerd, beside a bare one behind the same router: a kept page, a piped stream."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

import httpx

from app.settings import ROOT
from tools.bench import measure, readers
from tools.bench.kept import rate
from tools.bench.measure import Row
from tools.support.edge import NODE, Worker, behind_worker, publish
from tools.support.server import HeldPort, Server

_ROUNDS = 3
_AT_ONCE = 20
_EVENTS = 200
_A_SECOND = 100
_LEAST_KEPT, _MOST_PIPED, _MOST_HELD = 0.8, 1.08, 10.0


def run(folder: Path) -> Iterator[Row]:
    """Measure kept pages by wrk, then streams of a container that only writes."""
    if shutil.which("wrk") is None or not NODE.exists():
        name = "the Worker's kept page, requests a CPU second"
        yield Row(name, 0.0, "", limit="not measured: wrk or the Worker's tools are missing")
        return
    measure.pin(measure.LOAD_CORE)
    with ExitStack() as running:
        source = running.enter_context(measure.running([*_PYTHON, str(_EVENTS), str(_A_SECOND)]))
        sides = _open(folder, source, running)
        yield from _kept(sides)
        yield from _streamed(sides)


_PYTHON = ("-m", "tools.bench.event_source")


@dataclass(frozen=True, slots=True)
class _Sides:
    """Our Worker and the bare one; the cookie is of a shopper whose page is kept."""

    ours: str
    ours_pid: int
    bare: str
    bare_pid: int
    cookie: str


def _open(folder: Path, source: str, running: ExitStack) -> _Sides:
    """Start both Workers; the page is composed by a real container, which then makes way."""
    port = int(source.rpartition(":")[2])
    public = publish(folder / "public")
    cookie, page = _composed(folder, public)
    worker = Worker(folder / "state", public, f"http://127.0.0.1:{port}", LOOKUP_MS="5000")
    running.enter_context(worker)
    body = folder / "kept.html"
    body.write_text(page)
    bare, process = running.enter_context(_bare(folder, public, body, source))
    return _Sides(worker.url, _workerd(worker.pid), bare, _workerd(process), cookie)


def _composed(folder: Path, public: Path) -> tuple[str, str]:
    with HeldPort() as port, Worker(folder / "state", public, port.url) as worker:
        environment = {**behind_worker(worker), "WANDSTORE_HOUSE_PACE": "0"}
        with Server(folder / "container", environment, port.number):
            path, cookie = asyncio.run(readers.visit(worker.url))
            asyncio.run(readers.read_to_end(worker.url, path, cookie))
            page = httpx.get(f"{worker.url}/store", headers={"cookie": cookie})
    if page.headers["x-wandstore-page"] != "kept":
        raise RuntimeError("the page was not kept")
    return cookie, page.text


@contextmanager
def _bare(folder: Path, public: Path, page: Path, source: str) -> Iterator[tuple[str, int]]:
    command = [str(NODE), "bench/bare.mjs", "--port", "0"]
    command += ["--state", str(folder / "bare"), "--public", str(public)]
    command += ["--page", str(page), "--container", source]
    process = subprocess.Popen(command, cwd=ROOT / "worker", stdout=subprocess.PIPE)
    try:
        said = process.stdout.readline() if process.stdout else b""
        yield json.loads(said)["url"], process.pid
    finally:
        process.terminate()
        process.wait(20)


def _workerd(parent: int) -> int:
    """Return the process id of the workerd that a node has started, kept on the servers' core."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    pid = next(int(child) for child in children if _name(child) == "workerd")
    measure.pin_process(pid, measure.SERVER_CORE)
    return pid


def _name(pid: str) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _kept(sides: _Sides) -> Iterator[Row]:
    rounds = [
        (
            rate(f"{sides.ours}/store", sides.ours_pid, sides.cookie),
            rate(f"{sides.bare}/s/constant", sides.bare_pid, sides.cookie),
            rate(f"{sides.bare}/s/read", sides.bare_pid, sides.cookie),
        )
        for _ in range(_ROUNDS)
    ]
    ours, constant, read = (median(column) for column in zip(*rounds, strict=True))
    name = "the Worker's kept page, requests a CPU second, beside"
    yield Row(f"{name} a constant", ours, "/s", constant)
    limit, good = f"ratio at least {_LEAST_KEPT}", ours / read >= _LEAST_KEPT
    yield Row(f"{name} the same reads, two of KV and one of D1", ours, "/s", read, limit, good)


def _streamed(sides: _Sides) -> Iterator[Row]:
    ours, bare = [], []
    for _ in range(_ROUNDS):
        ours.append(_stream(f"{sides.ours}", "/s/demo/stream/edge", sides.ours_pid, sides.cookie))
        bare.append(_stream(f"{sides.bare}", "/s/pipe", sides.bare_pid, sides.cookie))
    name = f"through the Worker, {_AT_ONCE} at once, {_A_SECOND} events/s, beside one that pipes"
    costs = [median(cost for cost, _ in side) for side in (ours, bare)]
    delays = [median(delay for _, each in side for delay in each) for side in (ours, bare)]
    limit, good = f"ratio at most {_MOST_PIPED}", costs[0] / costs[1] <= _MOST_PIPED
    yield Row(f"CPU a stream {name}", costs[0], "ms", costs[1], limit, good)
    yield Row(f"delay of an event {name}", delays[0], "ms", delays[1])
    late = [_late([delay for _, each in side for delay in each]) for side in (ours, bare)]
    limit, good = f"added: at most {_MOST_HELD:.0f} ms", late[0] - late[1] <= _MOST_HELD
    yield Row(f"99th percentile of it {name}", late[0], "ms", late[1], limit, good)


def _late(delays: Sequence[float]) -> float:
    return quantiles(delays, n=100, method="inclusive")[-1]


def _stream(url: str, path: str, pid: int, cookie: str) -> tuple[float, list[float]]:
    """Return CPU ms a stream, and how late each event came."""

    async def all_of_them() -> list[list[readers.Arrival]]:
        streams = (readers.read_to_end(url, path, cookie) for _ in range(_AT_ONCE))
        return await asyncio.gather(*streams)

    before = measure.cpu_seconds(pid)
    read = asyncio.run(all_of_them())
    spent = measure.cpu_seconds(pid) - before
    if any(len(arrivals) != _EVENTS for arrivals in read):
        raise RuntimeError("not every event came through")
    return spent * 1000 / _AT_ONCE, [item.delay for arrivals in read for item in arrivals]
