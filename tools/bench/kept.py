"""A kept page beside Starlette's HTMLResponse of the same bytes: requests a second, by wrk."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from app.settings import ROOT
from tools.bench import measure, readers
from tools.bench.measure import Row

_ROUNDS = 3
_SECONDS = 3
_REDRAWN = 15
_NAME = "kept page, requests/s on one core"
_LIMIT = "ratio at least 0.6, aim 0.8"


def run(folder: Path) -> Iterator[Row]:
    """Measure both in turn."""
    if shutil.which("wrk") is None:
        yield Row(_NAME, 0.0, "", limit="not measured: wrk is not installed")
        return
    with measure.shop(folder / "kept", {"WANDSTORE_HOUSE_PACE": "0"}) as server:
        cookie = asyncio.run(finished(server.url))
        page = httpx.get(f"{server.url}/store", headers={"cookie": cookie})
        if page.headers["x-wandstore-page"] != "kept":
            raise RuntimeError("the page was not kept")
        body = folder / "page.html"
        body.write_bytes(page.content)
        with measure.baseline("html", str(body)) as (bare_url, _):
            rounds = [
                (rate(f"{server.url}/store", cookie), rate(f"{bare_url}/store", cookie))
                for _ in range(_ROUNDS)
            ]
    ours, theirs = median(one for one, _ in rounds), median(other for _, other in rounds)
    yield Row(_NAME, ours, "/s", theirs, _LIMIT, ours / theirs >= 0.6)
    yield from _redrawing(folder)


def _redrawing(folder: Path) -> Iterator[Row]:
    """Change every price, and let kept pages be drawn again, each at its next visit."""
    shutil.copytree(ROOT / "demo", folder / "demo")
    catalog = folder / "demo" / "catalog.json"
    environment = {"WANDSTORE_HOUSE_PACE": "0", "WANDSTORE_CATALOG": str(catalog)}
    with measure.shop(folder / "redrawn", environment) as server:
        cookies = [asyncio.run(finished(server.url)) for _ in range(_REDRAWN)]
        server.stop()
        made = json.loads(catalog.read_text())
        for item in made["products"]:
            item["price"] += 1
        catalog.write_text(json.dumps(made))
        server.start()
        httpx.get(f"{server.url}/store")
        pages = [httpx.get(f"{server.url}/store", headers={"cookie": one}) for one in cookies]
        again = [httpx.get(f"{server.url}/store", headers={"cookie": one}) for one in cookies]
    if {page.headers["x-wandstore-page"] for page in pages} != {"redrawn"}:
        raise RuntimeError("the pages were not drawn again")
    name = "kept page drawn again, server's time; baseline: as it is kept"
    yield Row(name, median(map(_spent, pages)), "ms", median(map(_spent, again)))


def _spent(page: httpx.Response) -> float:
    return float(page.headers["server-timing"].partition("dur=")[2])


async def finished(url: str) -> str:
    """Have a page composed for a new shopper; return their cookie."""
    path, cookie = await readers.visit(url)
    await readers.read_to_end(url, path, cookie)
    return cookie


def rate(url: str, cookie: str) -> float:
    """Return how many requests a second an address answers, by wrk from the other core."""
    command = ["taskset", "-c", str(measure.LOAD_CORE), "wrk", "-t1", "-c16", f"-d{_SECONDS}s"]
    command += ["-H", f"Cookie: {cookie}", url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said:
        raise RuntimeError(f"wrk did not measure: {said}")
    return float(found.group(1))
