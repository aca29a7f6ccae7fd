"""A kept page beside Starlette's HTMLResponse of the same bytes: requests a second, by wrk."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import httpx

from bench import measure, readers
from bench.measure import Row

_ROUNDS = 3
_SECONDS = 3
_NAME = "kept page, requests/s on one core"
_LIMIT = "ratio at least 0.6, aim 0.8"


def run(folder: Path) -> Iterator[Row]:
    """Measure both in turn."""
    if shutil.which("wrk") is None:
        yield Row(_NAME, 0.0, "", limit="not measured: wrk is not installed")
        return
    with measure.shop(folder / "kept", {"WANDSTORE_HOUSE_PACE": "0"}) as server:
        cookie = asyncio.run(_finished(server.url))
        page = httpx.get(f"{server.url}/store", headers={"cookie": cookie})
        if page.headers["x-wandstore-page"] != "kept":
            raise RuntimeError("the page was not kept")
        body = folder / "page.html"
        body.write_bytes(page.content)
        with measure.baseline("html", str(body)) as (bare_url, _):
            rounds = [(_rate(server.url, cookie), _rate(bare_url, cookie)) for _ in range(_ROUNDS)]
    ours, theirs = median(one for one, _ in rounds), median(other for _, other in rounds)
    yield Row(_NAME, ours, "/s", theirs, _LIMIT, ours / theirs >= 0.6)  # noqa: PLR2004


async def _finished(url: str) -> str:
    path, cookie = await readers.visit(url)
    await readers.read_to_end(url, path, cookie)
    return cookie


def _rate(url: str, cookie: str) -> float:
    command = ["taskset", "-c", str(measure.LOAD_CORE), "wrk", "-t1", "-c16", f"-d{_SECONDS}s"]
    command += ["-H", f"Cookie: {cookie}", f"{url}/store"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said:
        raise RuntimeError(f"wrk did not measure: {said}")
    return float(found.group(1))
