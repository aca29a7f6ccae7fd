"""What experiments, the merchant's rules and personal pages cost a page: CPU, with and without."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import httpx

from app.settings import ROOT
from tools.bench import measure, readers, shoppers
from tools.bench.measure import Row
from tools.bench.streaming import cost_of_round
from tools.support.server import Server

_PAIRS = 12
_AT_ONCE = 10
_REQUESTS = 200
_RATE = 1_000.0
_MOST = 1.03
_EXPERIMENTS = """
holdout = 0.001
[[experiment]]
name = "bench"
arms = [{ name = "a", page = "model", share = 1000 }, { name = "b", page = "plain" }]
"""
_RULES = """
timezone = "Europe/Berlin"
[[rule]]
pin = "beeswax-tapers"
slot = "recommendations"
[[rule]]
boost = "category:Lamps"
from = 2026-01-01
[[rule]]
share = 0.25
of = "category:Ceramics"
[[rule]]
diversity = 0.8
[[rule]]
exclude = "heron-lamp"
until = 2040-01-01
"""


@dataclass(slots=True)
class _Side:
    """A shop, and shoppers for it who are unlike each other; the `latest` has a finished page."""

    server: Server
    cookies: Iterator[str]
    latest: str = ""


def run(folder: Path) -> Iterator[Row]:
    """Measure a shop that has all of it beside one that has none of it, in turn and often."""
    measure.pin(measure.LOAD_CORE)
    count = _AT_ONCE * _PAIRS
    cookies = [shoppers.settle(folder / name, count) for name in ("with", "without")]
    with measure.model(_RATE) as url:
        model = {"KIMI_BASE_URL": url, "KIMI_API_KEY": "bench", "KIMI_MODEL": "bench"}
        both = {"SESSION_SECRET": shoppers.SECRET, **shoppers.NO_LIMITS, **model}
        with (
            measure.shop(folder / "with", {**both, **_steered(folder / "shop")}) as all_of_it,
            measure.shop(folder / "without", {**both, "WANDSTORE_PERSONAL": "0"}) as none_of_it,
        ):
            servers = (all_of_it, none_of_it)
            sides = [_Side(*side) for side in zip(servers, cookies, strict=True)]
            yield _row("streamed", sides, _stream)
            yield _row("kept", sides, _send_kept)


def _steered(folder: Path) -> dict[str, str]:
    """Write a shop's folder with an experiment and rules; return the settings that name it."""
    shutil.copytree(ROOT / "demo", folder / "demo")
    for part in ("components", "prompts", "static"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "experiments.toml").write_text(_EXPERIMENTS)
    catalog = folder / "demo" / "catalog.json"
    catalog.with_name("merchandising.toml").write_text(_RULES)
    return {"WANDSTORE_ROOT": str(folder), "WANDSTORE_CATALOG": str(catalog)}


def _row(pages: str, sides: Sequence[_Side], spend: Callable[[_Side], float]) -> Row:
    """Have both spend the same in turn, each first in every other pair; compare within pairs."""
    pairs: list[tuple[float, float]] = []
    for at in range(_PAIRS):
        first, second = sides if at % 2 else sides[::-1]
        costs = {first.server.pid: spend(first), second.server.pid: spend(second)}
        pairs.append((costs[sides[0].server.pid], costs[sides[1].server.pid]))
    ratio = median(ours / theirs for ours, theirs in pairs)
    ours, theirs = (median(costs) for costs in zip(*pairs, strict=True))
    name = f"CPU a {pages} page with rules, an experiment, interests; baseline: none"
    return Row(name, ours, "ms", theirs, f"{ratio:.3f} in pairs, at most {_MOST}", ratio <= _MOST)


def _stream(side: _Side) -> float:
    """Stream a page to each of some shoppers; return the milliseconds of CPU for each."""
    cookies = list(islice(side.cookies, _AT_ONCE))
    side.latest = cookies[-1]
    return cost_of_round((side.server.url, side.server.pid), readers.follow_pages, cookies, 0).cpu


def _send_kept(side: _Side) -> float:
    """Send a finished page again and again; return the milliseconds of CPU for each."""
    with httpx.Client(base_url=side.server.url, headers={"cookie": side.latest}) as shopper:
        if shopper.get("/store").headers["x-wandstore-page"] != "kept":
            raise RuntimeError("the page was not kept")
        before = measure.cpu_seconds(side.server.pid)
        for _ in range(_REQUESTS):
            shopper.get("/store")
        return (measure.cpu_seconds(side.server.pid) - before) * 1000 / _REQUESTS
