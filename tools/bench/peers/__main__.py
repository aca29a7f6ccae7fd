"""`make bench-peers`: the shop beside the AI SDK with React, and beside Datastar for Python.

One model's stream, one page, one after the other on one core: CPU for each page, memory, the delay
from a part's last piece to its reader, and bytes to the browser. Prints a table in Markdown.
"""

from __future__ import annotations

import gzip
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import distributions
from itertools import islice, repeat
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from tools.bench import measure, readers, shoppers
from tools.bench.peers import sides
from tools.bench.readers import Arrival
from tools.bench.streaming import Follow, cost_of_round
from tools.support import http

_RATE = 100.0
_FEW, _MANY, _OVER = 10, 50, 13.0
"""Pages at once; and pages that begin over so many seconds, about as long as a page takes."""

_NOT_HERE = "/datastar.js"
"""Datastar's script is in none of the registries that packages are installed from."""


class Peer(NamedTuple):
    """Somebody who serves the page: `paths` are what a browser reads of it, one after the other."""

    name: str
    run: Callable[[], sides.Running]
    follow: Follow
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a peer took: ms of CPU a page, MiB, ms of delay, and bytes as gzip packs them."""

    cpu: float
    cpu_many: float
    memory: float
    delay: float
    late: float
    page: int
    script: int


def follow(*paths: str) -> Follow:
    """Return what reads these addresses to their ends, for each shopper alike."""

    async def one(url: str) -> list[Arrival]:
        lists = [await readers.read_to_end(url, path) for path in paths]
        return [arrival for arrivals in lists for arrival in arrivals]

    async def all_of_them(url: str, cookies: Sequence[str], over: float) -> list[Arrival]:
        pages: list[Coroutine[None, None, list[Arrival]]] = [one(url) for _ in cookies]
        return await readers.spread(pages, over / len(cookies))

    return all_of_them


def measured(peer: Peer, cookies: Iterator[str]) -> Figures:
    """Let shoppers come to a peer; return what that took."""
    with peer.run() as (url, pid):
        cost_of_round((url, pid), peer.follow, list(islice(cookies, 1)), 0.0)  # all is loaded
        few = cost_of_round((url, pid), peer.follow, list(islice(cookies, _FEW)), 0.0)
        many = cost_of_round((url, pid), peer.follow, list(islice(cookies, _MANY)), _OVER)
        memory = measure.rss_mib(pid)
        page, script = _bytes(url, peer, next(cookies))
    late = quantiles(many.delays, n=20, method="inclusive")[-1]
    return Figures(few.cpu, many.cpu, memory, median(many.delays), late, page, script)


def _bytes(url: str, peer: Peer, cookie: str) -> tuple[int, int]:
    """Return the bytes of a page with all that streams in, and of its scripts, each packed."""
    with http.Client(base_url=url, timeout=60, headers={"cookie": cookie}) as browser:
        html = browser.get(peer.paths[0]).text
        found = re.search(r'data-stream="([^"]+)"', html)
        rest = [found[1]] if found else peer.paths[1:]
        texts = [html, *(browser.get(path).text for path in rest)]
        scripts = re.findall(r'<script[^>]* src="([^"]+)"', html)
        loaded = [browser.get(path).content for path in scripts if path != _NOT_HERE]
    return sum(map(_packed, texts)), sum(map(_packed, loaded))


def _packed(content: str | bytes) -> int:
    return len(gzip.compress(content.encode() if isinstance(content, str) else content))


def peers(model_url: str, folder: Path) -> list[Peer]:
    """Return the shop and its peers, each to be run on the same model."""
    environment = {
        "KIMI_BASE_URL": model_url,
        "KIMI_API_KEY": "bench",
        "SESSION_SECRET": shoppers.SECRET,
        **shoppers.NO_LIMITS,
    }

    @contextmanager
    def ours() -> Iterator[tuple[str, int]]:
        with measure.shop(folder / "shop", environment) as server:
            yield server.url, server.pid

    streamed = ("/store", "/stream")
    return [
        Peer("WandStore", ours, readers.follow_pages, ("/store",)),
        Peer(
            "AI SDK, React", partial(sides.react, model_url, folder), follow("/store"), ("/store",)
        ),
        Peer("Datastar", partial(sides.datastar, model_url, folder), follow(*streamed), streamed),
    ]


def table(figures: dict[str, Figures]) -> Iterator[str]:
    """Yield the lines of the table."""
    yield f"| | {' | '.join(figures)} |"
    yield f"|---|{'---:|' * len(figures)}"
    for label, show in (
        (f"CPU a page, {_FEW} at once", lambda it: f"{it.cpu:.0f} ms"),
        (f"CPU a page, {_MANY} over {_OVER:.0f} s", lambda it: f"{it.cpu_many:.0f} ms"),
        ("delay of a part, median", lambda it: f"{it.delay:.0f} ms"),
        ("delay of a part, 95th percentile", lambda it: f"{it.late:.0f} ms"),
        ("memory after that", lambda it: f"{it.memory:.0f} MiB"),
        ("page and stream, gzip", lambda it: f"{it.page / 1000:.1f} kB"),
        ("scripts, gzip", lambda it: f"{it.script / 1000:.1f} kB" if it.script else "not measured"),
    ):
        yield f"| {label} | {' | '.join(map(show, figures.values()))} |"


def versions() -> str:
    """Return what is compared, by version."""
    lock = (sides.INSTALLED / "node_modules" / ".package-lock.json").read_text()
    names = ("ai", "@ai-sdk/openai-compatible", "react", "react-dom", "zod")
    found = [
        re.search(rf'"node_modules/{name}": {{\s+"version": "([^"]+)"', lock) for name in names
    ]
    told = [f"{name} {match[1]}" for name, match in zip(names, found, strict=True) if match]
    of_python = distributions(path=[str(sides.INSTALLED / "python")])
    return ", ".join([*told, *(f"{it.name} {it.version}" for it in of_python)])


def main() -> int:
    """Measure each peer in turn."""
    machine = measure.machine()
    measure.pin(measure.LOAD_CORE)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cookies = shoppers.settle(folder / "shop", 2 * (_FEW + _MANY))
        nobody = repeat("")
        with measure.model(_RATE) as model_url:
            shop, *others = peers(model_url, folder)
            every = {shop.name: measured(shop, cookies)}
            every |= {peer.name: measured(peer, nobody) for peer in others}
    print(f"{datetime.now(UTC):%d %B %Y}, {machine}, Python {platform.python_version()};")
    print(f"{versions()}\n")
    print("\n".join(table(every)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
