"""What a kept page costs beside Starlette's HTMLResponse of the same answer, and a newcomer's.

Answers are counted for each second of the server's CPU: on a core of its own that is a second, and
on a busy machine it does not depend on who else is busy.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from statistics import median

import httpx

from app.settings import ROOT
from tools.bench import measure, readers, shoppers
from tools.bench.measure import Row

_ROUNDS = 3
_SECONDS = 2
_REDRAWN = 15
_NEWCOMER_MS = 1.5
_NAME = "kept page, requests a CPU second"
_OWN_HEADERS = {"date", "content-length"}
"""What uvicorn and Starlette write by themselves."""

_AT_ONCE = {
    "WANDSTORE_HOUSE_PACE": "0",
    "SESSION_SECRET": shoppers.SECRET,
    "WANDSTORE_STORAGE_SECONDS": shoppers.NO_LIMITS["WANDSTORE_STORAGE_SECONDS"],
}
"""The house composes without a pause, for shoppers who are known, however busy the machine is."""


def run(folder: Path) -> Iterator[Row]:
    """Measure a page from memory, one from KV, a newcomer's, and the bare one, in turn."""
    if shutil.which("wrk") is None:
        yield Row(_NAME, 0.0, "", limit="not measured: wrk is not installed")
        return
    no_memory = _AT_ONCE | {"WANDSTORE_PAGE_MEMORY_SECONDS": "0"}
    with ExitStack() as running:
        memory = running.enter_context(measure.shop(folder / "kept", _AT_ONCE))
        stored = running.enter_context(measure.shop(folder / "stored", no_memory))
        cookie, other = (asyncio.run(finished(server.url)) for server in (memory, stored))
        answer = _answer(memory.url, cookie, folder / "answer.json")
        bare, bare_pid = running.enter_context(measure.baseline("html", str(answer)))
        rounds = [
            (
                rate(f"{memory.url}/store", memory.pid, cookie),
                rate(f"{stored.url}/store", stored.pid, other),
                rate(f"{memory.url}/store", memory.pid, ""),
                rate(f"{bare}/store", bare_pid, cookie),
            )
            for _ in range(_ROUNDS)
        ]
    held, read, new, theirs = map(median, zip(*rounds, strict=True))
    for how, ours, least in (("", held, 1.0), (" and read from KV", read, 0.6)):
        limit = f"ratio at least {least}"
        name = _NAME.replace(",", f"{how},")
        yield Row(name, ours, "/s", theirs, limit, ours / theirs >= least)
    cost = 1000 / new
    name = "a newcomer's page, decided before, CPU"
    yield Row(name, cost, "ms", None, f"at most {_NEWCOMER_MS} ms", cost <= _NEWCOMER_MS)
    yield from _redrawing(folder)


def _answer(url: str, cookie: str, path: Path) -> Path:
    """Write the answer that a kept page is, headers and all, for the baseline to give."""
    page = httpx.get(f"{url}/store", headers={"cookie": cookie, "accept-encoding": "identity"})
    if page.headers["x-wandstore-page"] != "kept":
        raise RuntimeError("the page was not kept")
    headers = {name: value for name, value in page.headers.items() if name not in _OWN_HEADERS}
    path.write_text(json.dumps({"body": page.text, "headers": headers}))
    return path


def _redrawing(folder: Path) -> Iterator[Row]:
    """Change every price, and let kept pages be drawn again, each at its next visit."""
    shutil.copytree(ROOT / "demo", folder / "demo")
    catalog = folder / "demo" / "catalog.json"
    cookies = list(islice(shoppers.settle(folder / "redrawn", _REDRAWN), _REDRAWN))
    environment = _AT_ONCE | {"WANDSTORE_CATALOG": str(catalog)}
    with measure.shop(folder / "redrawn", environment) as server:
        for cookie in cookies:
            asyncio.run(finished(server.url, cookie))
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


async def finished(url: str, cookie: str = "") -> str:
    """Have a page composed for a shopper, a new one where no cookie is given; return the cookie."""
    path, cookie = await readers.visit(url, cookie)
    await readers.read_to_end(url, path, cookie)
    return cookie


def rate(url: str, pid: int, cookie: str, seconds: int = _SECONDS) -> float:
    """Return how many requests a process answers in a second of its CPU; wrk has the other core."""
    before = measure.cpu_seconds(pid)
    requests = answered(load(url, cookie, seconds=seconds))
    return requests / (measure.cpu_seconds(pid) - before)


def load(
    url: str, cookie: str, connections: int = 16, *cores: int, seconds: int = _SECONDS
) -> subprocess.Popen[str]:
    """Begin to ask for a page again and again, on these cores or the one for load."""
    names = ",".join(map(str, cores or (measure.LOAD_CORE,)))
    command = ["taskset", "-c", names, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    command += ["-H", f"Cookie: {cookie}", url] if cookie else [url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def answered(load: subprocess.Popen[str]) -> int:
    """Return how many requests were answered.

    Raises:
        RuntimeError: not all of them were answered.
    """
    said, _ = load.communicate()
    found = re.search(r"(\d+) requests in", said)
    if found is None or "Non-2xx" in said:
        raise RuntimeError(f"wrk did not measure: {said}")
    return int(found.group(1))
