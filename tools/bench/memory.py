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

_READERS = 5000
_PAGES = 100
_SLOW = 20.0
_SETTLED = 1.0
_UNDER_WAY = 3.0
_LEFT = 15.0
_MOST_HELD = 0.75
"""Of the memory with all readers: Python keeps what lies between small objects in use."""


@dataclass(frozen=True, slots=True)
class _Crowd:
    """MiB of a process with all its readers and once they have left, and KiB for each."""

    present: float
    gone: float
    each: float


@dataclass(frozen=True, slots=True)
class _Bare:
    """The baseline: MiB when idle, with a hundred streams, and of its readers."""

    idle: float
    hundred: float
    readers: _Crowd


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
    crowd = await _crowd(url, pid, "/stream", "")
    for writer in first:
        writer.close()
    return _Bare(idle, hundred, crowd)


async def _readers(url: str, pid: int, bare: _Bare) -> list[Row]:
    idle = measure.rss_mib(pid)
    path, cookie = await readers.visit(url)
    first = await _open(url, path, cookie)
    crowd = await _crowd(url, pid, path, cookie)
    first.close()
    name, theirs = f"memory, {_READERS} idle readers of a page", bare.readers
    return [
        _at_most(80, "memory, idle process", idle, "MiB", bare.idle),
        _at_most(200, name, crowd.present, "MiB", theirs.present),
        Row(f"{name}, for each", crowd.each, "KiB", theirs.each),
        _given_back(f"{name}, once they have left", crowd, theirs),
    ]


async def _crowd(url: str, pid: int, path: str, cookie: str) -> _Crowd:
    """Open thousands of readers of one stream, and let them leave."""
    await asyncio.sleep(_SETTLED)
    before = measure.rss_mib(pid)
    opened = [await _open(url, path, cookie) for _ in range(_READERS)]
    await asyncio.sleep(_SETTLED)
    present = measure.rss_mib(pid)
    for writer in opened:
        writer.close()
    await asyncio.sleep(_LEFT)
    return _Crowd(present, measure.rss_mib(pid), (present - before) * 1024 / _READERS)


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


def _given_back(name: str, ours: _Crowd, theirs: _Crowd) -> Row:
    limit = f"at most {_MOST_HELD} of it"
    return Row(name, ours.gone, "MiB", theirs.gone, limit, ours.gone <= _MOST_HELD * ours.present)


def _at_most(most: float, name: str, value: float, unit: str, baseline: float) -> Row:
    return Row(name, value, unit, baseline, f"at most {most} {unit}", value <= most)
