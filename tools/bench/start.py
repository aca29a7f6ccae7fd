"""Starting: CPU seconds to the first answer, and how long it takes within `lite`'s limits."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from app.settings import ROOT
from tools.bench import measure
from tools.bench.measure import Row
from tools.support.server import HeldPort, Server

_ROUNDS = 5
_SMALL_ROUNDS = 3
_IMPORTS = "import starlette.applications, uvicorn, httpx, jinja2, pydantic, sse_starlette, uvloop"
_CPU = Path("/sys/fs/cgroup/cpu")
_MEMORY = Path("/sys/fs/cgroup/memory")
_LITE_QUOTA, _LITE_PERIOD, _LITE_BYTES = 6250, 100_000, 256 * 1024 * 1024
_READY = "ready within lite's limits (1/16 CPU, 256 MiB)"


def run(folder: Path) -> Iterator[Row]:
    """Measure five starts, and three within the container's limits."""
    spent = [_start(folder / f"start-{at}") for at in range(_ROUNDS)]
    bare = [_imports() for _ in range(_ROUNDS)]
    ours, theirs = median(spent), median(bare)
    name = "CPU from start to first page; baseline: imports alone"
    yield Row(name, ours, "s", theirs, "at most 0.4 s", ours <= 0.4)
    if not (_CPU / "cpu.cfs_quota_us").exists() or not os.access(_CPU, os.W_OK):
        yield Row(_READY, 0.0, "", limit="not measured: no cgroup v1 to write to")
        return
    starts = [_lite(folder / f"lite-{at}") for at in range(_SMALL_ROUNDS)]
    seconds, peak = median(start[0] for start in starts), max(start[1] for start in starts)
    yield Row(_READY, seconds, "s", None, "within 5 s", seconds <= 5)
    yield Row("peak memory within lite's limits", peak, "MiB", None, "at most 256 MiB", peak <= 256)


def _start(data: Path) -> float:
    """Return the CPU seconds a server has used when it has answered its first page."""
    with (
        HeldPort() as port,
        Server(data, {"WANDSTORE_DESIGN": "0"}, port.number, wait=False) as server,
    ):
        _first_page(server.url)
        return measure.precise_cpu_seconds(server.pid)


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
    groups = [_CPU / f"wandstore-{os.getpid()}", _MEMORY / f"wandstore-{os.getpid()}"]
    held = HeldPort()
    environment = {"WANDSTORE_PORT": str(held.number), "WANDSTORE_DATA": str(data)}
    environment["PATH"] = os.environ.get("PATH", os.defpath)
    try:
        for group in groups:
            group.mkdir()
        (groups[0] / "cpu.cfs_period_us").write_text(str(_LITE_PERIOD))
        (groups[0] / "cpu.cfs_quota_us").write_text(str(_LITE_QUOTA))
        (groups[1] / "memory.limit_in_bytes").write_text(str(_LITE_BYTES))
        enter = " && ".join(f"echo $$ > {group}/cgroup.procs" for group in groups)
        command = ["sh", "-c", f"{enter} && exec {sys.executable} -m app"]
        began = time.monotonic()
        server = subprocess.Popen(command, cwd=ROOT, env=environment)
        try:
            _first_page(held.url)
            seconds = time.monotonic() - began
            peak = int((groups[1] / "memory.max_usage_in_bytes").read_text()) / 2**20
        finally:
            server.kill()
            server.wait()
        return seconds, peak
    finally:
        held.close()
        _remove(groups)
        shutil.rmtree(data, ignore_errors=True)


def _remove(groups: list[Path]) -> None:
    """Remove the groups, once the kernel has let go of the process."""
    for group in groups:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.1)
