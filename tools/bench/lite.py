"""Within the limits of Cloudflare's smallest container, where this machine can set them."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tools.bench import measure, readers, shoppers
from tools.bench.measure import Row
from tools.support.server import Server

_CPU = Path("/sys/fs/cgroup/cpu")
_MEMORY = Path("/sys/fs/cgroup/memory")
_QUOTA, _PERIOD, _BYTES = 6250, 100_000, 256 * 1024 * 1024
LIMITS = "lite's limits (1/16 CPU, 256 MiB)"

_RATE = 100.0
_PAGES = 16


class Lite(NamedTuple):
    """A server within the limits, and the group that measures its memory."""

    server: Server
    memory: Path

    @property
    def peak_mib(self) -> float:
        """The most memory that it has had at once."""
        return int((self.memory / "memory.max_usage_in_bytes").read_text()) / 2**20


def is_available() -> bool:
    """Say whether there are groups of the first version here, to be written to."""
    return (_CPU / "cpu.cfs_quota_us").exists() and os.access(_CPU, os.W_OK)


@contextmanager
def lite(data: Path, environment: Mapping[str, str], port: int = 0) -> Iterator[Lite]:
    """Run the shop in a group as small as the container; it may not have opened yet."""
    groups = [root / f"wandstore-{os.getpid()}" for root in (_CPU, _MEMORY)]
    try:
        for group in groups:
            group.mkdir()
        (groups[0] / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (groups[0] / "cpu.cfs_quota_us").write_text(str(_QUOTA))
        (groups[1] / "memory.limit_in_bytes").write_text(str(_BYTES))
        enter = " && ".join(f"echo $$ > {group}/cgroup.procs" for group in groups)
        command = ["sh", "-c", f"{enter} && exec {sys.executable} -m app"]
        with Server(data, environment, port, wait=port == 0, command=command) as server:
            yield Lite(server, groups[1])
            server.kill()
    finally:
        for group in groups:
            _remove(group)


def _remove(group: Path) -> None:
    """Remove a group, once the kernel has let go of the process."""
    for _ in range(50):
        try:
            return group.rmdir()
        except FileNotFoundError:
            return None
        except OSError:
            time.sleep(0.1)
    return None


def run(folder: Path) -> Iterator[Row]:
    """Let sixteen shoppers come at once; measure when they see a shell, and how late parts are."""
    if not is_available():
        yield Row(f"within {LIMITS}", 0.0, "", limit="not measured: no cgroup v1 to write to")
        return
    cookies = shoppers.settle(folder / "lite", _PAGES + 1)
    with measure.model(_RATE) as model_url:
        environment = {
            "KIMI_BASE_URL": model_url,
            "KIMI_API_KEY": "bench",
            "SESSION_SECRET": shoppers.SECRET,
            **shoppers.NO_LIMITS,
        }
        with lite(folder / "lite", environment) as container:
            url = container.server.url
            asyncio.run(readers.follow_pages(url, [next(cookies)], 0.0))
            shells, delays = asyncio.run(_all_at_once(url, list(islice(cookies, _PAGES))))
            peak = container.peak_mib
    how = f"{_PAGES} at once within {LIMITS}"
    for name, value, unit, most in (
        ("delay of a component, median", median(delays), "ms", 250.0),
        ("shell, slowest", max(shells), "ms", 200.0),
        ("peak memory", peak, "MiB", 256.0),
    ):
        limit = f"at most {most:.0f} {unit}"
        yield Row(f"{name}, {how}", value, unit, None, limit, value <= most)


async def _all_at_once(url: str, cookies: list[str]) -> tuple[list[float], list[float]]:
    async def one(cookie: str) -> tuple[float, list[float]]:
        began = time.monotonic()
        path, _ = await readers.visit(url, cookie)
        shell = (time.monotonic() - began) * 1000
        arrivals = await readers.read_to_end(url, path, cookie)
        return shell, [arrival.delay for arrival in arrivals]

    pages = await asyncio.gather(*map(one, cookies))
    return [shell for shell, _ in pages], [delay for _, delays in pages for delay in delays]
