"""Processes, and what they cost: CPU seconds, memory, and ratios to a baseline."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.settings import ROOT
from tools.support.server import HeldPort, Server

_PAGE = os.sysconf("SC_PAGE_SIZE")
CORES = frozenset(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = min(CORES), max(CORES)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `limit` is what `ratio` (or `value`) must stay within, if anything."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    limit: str = ""
    good: bool | None = None

    @property
    def ratio(self) -> float | None:
        """The value over its baseline."""
        return self.value / self.baseline if self.baseline else None


def machine() -> str:
    """Return what the machine calls its processor, and how many cores there are."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.machine()
    return f"{len(CORES)} cores of {name}"


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process's threads in nanosecond steps."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def rss_mib(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def pin(core: int) -> None:
    """Keep this process on one core."""
    os.sched_setaffinity(0, {core})


def unpin() -> None:
    """Let this process run on all the cores that it had when it began."""
    os.sched_setaffinity(0, CORES)


def pin_process(pid: int, core: int) -> None:
    """Keep another process on one core, with all its threads."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})


@contextmanager
def model(deltas_per_second: float) -> Iterator[str]:
    """Run the benchmark's model and give its base address."""
    command = [sys.executable, "-m", "tools.bench.model", "0", str(deltas_per_second)]
    with _process(command, stdout=subprocess.PIPE) as process:
        said = process.stdout.readline() if process.stdout else b""
        yield said.decode().strip()


@contextmanager
def running(arguments: Sequence[str]) -> Iterator[str]:
    """Run Python with these arguments and give the address that it writes first."""
    with _process([sys.executable, *arguments], stdout=subprocess.PIPE) as process:
        said = process.stdout.readline() if process.stdout else b""
        yield said.decode().strip()


@contextmanager
def serving(
    command: Sequence[str | Path], environment: Mapping[str, str]
) -> Iterator[tuple[str, int]]:
    """Run a server that writes its address first; give that, and its process id."""
    with _process(command, stdout=subprocess.PIPE, environment=environment) as process:
        said = process.stdout.readline() if process.stdout else b""
        url = said.decode().strip()
        _wait_for(url)
        pin_process(process.pid, SERVER_CORE)
        yield url, process.pid


@contextmanager
def baseline(kind: str, argument: str) -> Iterator[tuple[str, int]]:
    """Run a baseline and give its address and process id."""
    command = [sys.executable, "-m", "tools.bench.baselines", kind, argument]
    with HeldPort() as port, _process([*command, str(port.number)]) as process:
        _wait_for(port.url)
        pin_process(process.pid, SERVER_CORE)
        yield port.url, process.pid


@contextmanager
def shop(data: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    """Run the shop as it is run for shoppers, pinned to the core for servers."""
    with Server(data, environment) as server:
        pin_process(server.pid, SERVER_CORE)
        yield server


@contextmanager
def _process(
    command: Sequence[str | Path],
    stdout: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {**os.environ, **(environment or {})}
    process = subprocess.Popen(command, cwd=ROOT, stdout=stdout, env=inherited)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(url: str) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            httpx.get(url, timeout=2)
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
