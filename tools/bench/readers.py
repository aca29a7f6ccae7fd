"""Shoppers for benchmarks: raw readers that cost little and note when things arrive."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Coroutine, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tools.bench.page import stamps

_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """When a component's last piece was sent, in microseconds, and how many ms later it came."""

    sent: int
    delay: float


async def read_to_end(url: str, path: str, cookie: str = "") -> list[Arrival]:
    """Read a stream to its end; return each stamp in it with its age when it came.

    Raises:
        TimeoutError: nothing has come for too long.
    """
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.write(request(path, cookie, "Accept: text/event-stream", "Connection: close"))
    arrivals: dict[int, Arrival] = {}
    while data := await asyncio.wait_for(reader.read(262_144), _PATIENCE):
        now = time.monotonic() * 1e6
        for stamp in stamps(data):
            arrivals.setdefault(stamp, Arrival(stamp, (now - stamp) / 1000))
    writer.close()
    return list(arrivals.values())


async def visit(url: str, cookie: str = "") -> tuple[str, str]:
    """Open the shop, as a new shopper where no cookie is given; return stream and cookie."""
    reader, writer = await asyncio.open_connection(urlsplit(url).hostname, urlsplit(url).port)
    writer.write(request("/store", cookie, "Connection: close"))
    page = (await reader.read(-1)).decode()
    writer.close()
    stream = re.search(r'data-stream="([^"]+)"', page)
    given = re.search(r"set-cookie: ([^;]+);", page, re.IGNORECASE)
    known = cookie or (given.group(1) if given else "")
    if stream is None or not known:
        raise RuntimeError("the shop gave no shell")
    return stream.group(1), known


def request(path: str, cookie: str, *lines: str) -> bytes:
    """Return a GET request's head."""
    more = [*lines, f"Cookie: {cookie}"] if cookie else lines
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: bench", *more, "", ""]).encode()


async def follow_pages(url: str, cookies: Sequence[str], over: float) -> list[Arrival]:
    """Be these shoppers, arriving evenly over so many seconds, each reading to the page's end."""

    async def one(cookie: str) -> list[Arrival]:
        path, _ = await visit(url, cookie)
        return await read_to_end(url, path, cookie)

    return await spread((one(cookie) for cookie in cookies), over / len(cookies))


async def follow_baseline(url: str, cookies: Sequence[str], over: float) -> list[Arrival]:
    """Read as many passed-through streams, begun in the same way."""
    streams = (read_to_end(url, "/stream", cookie) for cookie in cookies)
    return await spread(streams, over / len(cookies))


async def spread(
    streams: Iterable[Coroutine[None, None, list[Arrival]]], gap: float
) -> list[Arrival]:
    """Begin these streams one after the other, so many seconds apart; return all that came."""

    async def later(stream: Coroutine[None, None, list[Arrival]], pause: float) -> list[Arrival]:
        await asyncio.sleep(pause)
        return await stream

    lists = await asyncio.gather(*(later(item, at * gap) for at, item in enumerate(streams)))
    return [arrival for arrivals in lists for arrival in arrivals]
