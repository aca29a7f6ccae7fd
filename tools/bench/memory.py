"""Memory: of the idle process, of an idle reader, and with a hundred pages being composed."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools.bench import measure, readers, shoppers
from tools.bench.measure import Row

_READERS = 1000
_PAGES = 100
_SLOW = 20.0
_SETTLED = 1.0
_UNDER_WAY = 3.0


@dataclass(frozen=True, slots=True)
class _Bare:
    """The baseline: MiB when idle and with a hundred streams, and KiB for each reader."""

    idle: float
    reader: float
    hundred: float


def run(folder: Path) -> Iterator[Row]:
    """Measure on a model that writes so slowly that pages stay open meanwhile."""
    with _many_files(), measure.model(_SLOW) as model_url:
        with measure.baseline("idle", "-") as (url, pid):
            bare = asyncio.run(_bare(url, pid))
        environment = {
            "KIMI_BASE_URL": model_url,
            "KIMI_API_KEY": "bench",
            "SESSION_SECRET": shoppers.SECRET,
            **shoppers.NO_LIMITS,
        }
        with measure.shop(folder / "readers", environment) as server:
            yield from asyncio.run(_readers(server.url, server.pid, bare))
        cookies = list(shoppers.settle(folder / "pages", _PAGES))
        with measure.shop(folder / "pages", environment) as server:
            yield asyncio.run(_composing(server.url, server.pid, cookies, bare))


@contextmanager
def _many_files() -> Iterator[None]:
    """Let this process, and those it starts, open a file for each reader."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 8192)), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def _bare(url: str, pid: int) -> _Bare:
    idle = measure.rss_mib(pid)
    first = [await _open(url, "/stream", "") for _ in range(_PAGES)]
    await asyncio.sleep(_SETTLED)
    hundred = measure.rss_mib(pid)
    reader = await _each(url, pid, "/stream", "")
    for writer in first:
        writer.close()
    return _Bare(idle, reader, hundred)


async def _readers(url: str, pid: int, bare: _Bare) -> list[Row]:
    idle = measure.rss_mib(pid)
    path, cookie = await readers.visit(url)
    first = await _open(url, path, cookie)
    each = await _each(url, pid, path, cookie)
    first.close()
    name = f"memory, each of {_READERS} readers; baseline: idle streams"
    return [
        _at_most(80, "memory, idle process", idle, "MiB", bare.idle),
        _at_most(64, name, each, "KiB", bare.reader),
    ]


async def _each(url: str, pid: int, path: str, cookie: str) -> float:
    """Return the KiB that each of a thousand readers of one stream takes."""
    await asyncio.sleep(_SETTLED)
    before = measure.rss_mib(pid)
    opened = [await _open(url, path, cookie) for _ in range(_READERS)]
    await asyncio.sleep(_SETTLED)
    each = (measure.rss_mib(pid) - before) * 1024 / _READERS
    for writer in opened:
        writer.close()
    return each


async def _open(url: str, path: str, cookie: str) -> asyncio.StreamWriter:
    """Open a stream and wait for its first bytes."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.write(readers.request(path, cookie))
    await reader.readuntil(b": open")
    return writer


async def _composing(url: str, pid: int, cookies: Sequence[str], bare: _Bare) -> Row:
    """Open a hundred unlike shoppers' pages and their streams; look when all are under way."""
    opened = []
    for cookie in cookies:
        path, _ = await readers.visit(url, cookie)
        opened.append(await _open(url, path, cookie))
    await asyncio.sleep(_UNDER_WAY)
    used = measure.rss_mib(pid)
    for writer in opened:
        writer.close()
    return _at_most(110, f"memory, {_PAGES} pages being composed", used, "MiB", bare.hundred)


def _at_most(most: float, name: str, value: float, unit: str, baseline: float) -> Row:
    return Row(name, value, unit, baseline, f"at most {most} {unit}", value <= most)
