"""Lists, searches and products' pages of a large catalog, and a kept page beside them."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import httpx

from app.settings import ROOT
from tools.bench import kept, measure
from tools.bench.measure import Row
from tools.support.server import Server

_FEW, _MOST = 24, 50_000
_CATEGORIES = 40
_ROUNDS = 3
_VISITS, _PAUSE = 100, 0.01
_LATER_MS = 20.0
_SORTS = ("featured", "price-asc", "name")
_KINDS = ("plain", "tall", "round", "quiet", "bright", "small", "heavy", "early", "late", "warm")
_THINGS = ("lamp", "bowl", "chair", "shelf", "vase", "rug", "clock", "stool", "tray", "mirror")


def run(folder: Path) -> Iterator[Row]:
    """Ask both shops for pages that nobody has asked for yet, in turn."""
    with ExitStack() as running:
        few, many = (_shop(folder, size, running) for size in (_FEW, _MOST))
        for name, paths in _pages().items():
            rounds = [
                (cost(many, paths[at::_ROUNDS]), cost(few, paths[at::_ROUNDS]))
                for at in range(_ROUNDS)
            ]
            ours, theirs = (median(side) for side in zip(*rounds, strict=True))
            what = f"{name} of {_MOST:,} products, CPU; baseline: of {_FEW}"
            yield Row(what, ours, "ms", theirs, "ratio at most 3", ours <= 3 * theirs)
        yield asyncio.run(_beside(many))


def _shop(folder: Path, size: int, running: ExitStack) -> Server:
    """Import so many products, and open their shop."""
    data = folder / f"of-{size}"
    catalog = folder / f"of-{size}.json"
    demo = json.loads((ROOT / "demo" / "catalog.json").read_text())
    catalog.write_text(
        json.dumps({"shop": demo["shop"], "products": list(map(_product, range(size)))})
    )
    environment = {"WANDSTORE_HOUSE_PACE": "0", "WANDSTORE_CATALOG": str(catalog)}
    settings = environment | {"WANDSTORE_DATA": str(data)}
    command = [sys.executable, "-m", "app", "import", str(catalog)]
    subprocess.run(command, cwd=ROOT, env=settings, check=True, capture_output=True)
    return running.enter_context(measure.shop(data, environment))


def _product(number: int) -> dict[str, object]:
    kind, thing = _KINDS[number % 10], _THINGS[number // 10 % 10]
    return {
        "id": f"thing-{number}",
        "title": f"A {kind} {thing} {number}",
        "price": 5 + number % 300,
        "stock": 5,
        "category": f"Things {number % _CATEGORIES}",
        "description": f"Made to be found by who looks for a {thing}. " * 6,
    }


def _pages() -> dict[str, Sequence[str]]:
    """Return addresses by kind of page, each of which has something to show in both shops."""
    sought = [f"{kind}+{thing}" for thing in _THINGS[:2] for kind in _KINDS]
    return {
        "list": [
            f"/store?category=Things+{at}&sort={sort}" for sort in _SORTS for at in range(_FEW)
        ],
        "search": [f"/store?q={words}&sort={sort}" for sort in _SORTS for words in sought],
        "product's page": [f"/products/thing-{at}" for at in range(_FEW)],
    }


def cost(server: Server, paths: Sequence[str]) -> float:
    """Return the CPU ms that a process takes for each of these pages."""
    before = measure.cpu_seconds(server.pid)
    with httpx.Client(base_url=server.url) as client:
        for path in paths:
            client.get(path).raise_for_status()
    return (measure.cpu_seconds(server.pid) - before) * 1000 / len(paths)


async def _beside(server: Server) -> Row:
    """Ask for a kept page again and again, alone and beside searches."""
    cookie = await kept.finished(server.url)
    headers = {"cookie": cookie}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:

        async def visits() -> float:
            waits = []
            for _ in range(_VISITS):
                await asyncio.sleep(_PAUSE)
                began = time.monotonic()
                (await client.get("/store")).raise_for_status()
                waits.append((time.monotonic() - began) * 1000)
            return quantiles(waits, n=20)[-1]

        async def searches() -> None:
            for at in itertools.count():
                (await client.get(f"/store?q={_KINDS[at % 10]}&min={at % 250}")).raise_for_status()

        alone = await visits()
        searching = asyncio.create_task(searches())
        beside = await visits()
        searching.cancel()
    name = f"kept page beside searches of {_MOST:,} products, 95th percentile; baseline: alone"
    limit = f"at most {_LATER_MS:.0f} ms later"
    return Row(name, beside, "ms", alone, limit, beside - alone <= _LATER_MS)
