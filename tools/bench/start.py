"""Starting: CPU seconds to the first answer, and how long it takes within `lite`'s limits."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from app.settings import ROOT
from tools.bench import lite, measure
from tools.bench.measure import Row
from tools.support.server import HeldPort, Server

_ROUNDS = 5
_SMALL_ROUNDS = 3
_IMPORTS = "import app.util.lean_imports, app.server"
_READY = f"ready within {lite.LIMITS}"


def run(folder: Path) -> Iterator[Row]:
    """Measure five starts, and three within the container's limits."""
    spent = [_start(folder / f"start-{at}") for at in range(_ROUNDS)]
    bare = [_imports() for _ in range(_ROUNDS)]
    ours, theirs = median(spent), median(bare)
    name = "CPU from start to first page; baseline: its imports alone"
    yield Row(name, ours, "s", theirs, "ratio at most 1.2", ours <= 1.2 * theirs)
    if not lite.is_available():
        yield Row(_READY, 0.0, "", limit="not measured: no cgroup v1 to write to")
        return
    starts = [_lite(folder / f"lite-{at}") for at in range(_SMALL_ROUNDS)]
    seconds, peak = median(start[0] for start in starts), max(start[1] for start in starts)
    yield Row(_READY, seconds, "s", None, "within 5 s", seconds <= 5)
    yield Row("peak memory within lite's limits", peak, "MiB", None, "at most 256 MiB", peak <= 256)


def _start(data: Path) -> float:
    """Return the CPU seconds a server has used when it has answered its first page."""
    with HeldPort() as port, Server(data, port=port.number, wait=False) as server:
        _first_page(server.url)
        return measure.cpu_seconds(server.pid)


def _first_page(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(f"{url}/store", timeout=30).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError("the server does not answer")


def _imports() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", _IMPORTS], check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _lite(data: Path) -> tuple[float, float]:
    """Start in a cgroup as small as the container; return seconds to ready and peak MiB."""
    with HeldPort() as port:
        began = time.monotonic()
        with lite.lite(data, {}, port.number) as container:
            _first_page(port.url)
            return time.monotonic() - began, container.peak_mib
