"""CPU for each streamed page, and the delay from a component's last piece to its reader."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median, quantiles

from tools.bench import measure, readers, shoppers
from tools.bench.measure import Row
from tools.bench.readers import Arrival

_RATE = 100.0
_LENGTH = 13.0
_MOST_ADDED = 25.0
_ALONE = 6
"""Pages one after the other: five delays each, by chance between nothing and a tick."""

_SHOPPERS = _ALONE + 3 * 10 + 2 * 100
Follow = Callable[[str, Sequence[str], float], Awaitable[list[Arrival]]]


def run(folder: Path) -> Iterator[Row]:
    """Measure 1, 10 and 100 pages at once, the shop and the pass-through in turn."""
    measure.pin(measure.LOAD_CORE)
    data = folder / "stream"
    cookies = shoppers.settle(data, _SHOPPERS)
    with measure.model(_RATE) as model_url:
        environment = {
            "KIMI_BASE_URL": model_url,
            "KIMI_API_KEY": "bench",
            "KIMI_MODEL": "bench",
            "SESSION_SECRET": shoppers.SECRET,
            **shoppers.NO_LIMITS,
        }
        with (
            measure.baseline("pass", model_url) as (pass_url, pass_pid),
            measure.shop(data, environment) as server,
        ):
            sides = _Sides((server.url, server.pid), (pass_url, pass_pid), cookies)
            yield from _delays("1 at once", sides.rounds(_ALONE, 1))
            yield from _cpu("10 at once", sides.rounds(3, 10), 0.33)
            spread = sides.rounds(1, 100, _LENGTH)
            yield from _delays(f"100 over {_LENGTH:.0f} s", spread)
            yield from _cpu(f"100 over {_LENGTH:.0f} s", spread, 0.45)
            yield from _cpu("100 in one instant", sides.rounds(1, 100))


@dataclass(frozen=True, slots=True)
class Cost:
    """What one round of one side has cost (ms of CPU a page), and when things came."""

    cpu: float
    delays: list[float]


_Rounds = list[tuple[Cost, Cost]]


class _Sides:
    def __init__(
        self, shop: tuple[str, int], bare: tuple[str, int], cookies: Iterator[str]
    ) -> None:
        self._shop, self._bare, self._cookies = shop, bare, cookies

    def rounds(self, times: int, count: int, over: float = 0.0) -> _Rounds:
        """Let as many unlike shoppers come over so many seconds; each is used once."""
        return [self._both(list(islice(self._cookies, count)), over) for _ in range(times)]

    def _both(self, cookies: Sequence[str], over: float) -> tuple[Cost, Cost]:
        shop = cost_of_round(self._shop, readers.follow_pages, cookies, over)
        return shop, cost_of_round(self._bare, readers.follow_baseline, cookies, over)


def cost_of_round(
    side: tuple[str, int], follow: Follow, cookies: Sequence[str], over: float
) -> Cost:
    """Let these shoppers come to an address and process over so many seconds; return what it cost.

    Raises:
        RuntimeError: not every page had a model's answer of its own.
    """
    url, pid = side
    before = measure.cpu_seconds(pid)

    async def all_of_them() -> list[Arrival]:
        return await follow(url, cookies, over)

    arrivals = asyncio.run(all_of_them())
    spent = measure.cpu_seconds(pid) - before
    _each_had_its_own(arrivals, len(cookies))
    return Cost(spent * 1000 / len(cookies), [arrival.delay for arrival in arrivals])


def _each_had_its_own(arrivals: Sequence[Arrival], count: int) -> None:
    """Two pages with one stamp were copied from one answer: that is not what is measured here."""
    sent = {arrival.sent for arrival in arrivals}
    if len(sent) != len(arrivals) or len(arrivals) < count:
        told = f"{len(arrivals)} components with {len(sent)} stamps on {count} pages"
        raise RuntimeError(f"not every page had a model's answer of its own: {told}")


def _cpu(how: str, rounds: _Rounds, most: float | None = None) -> Iterator[Row]:
    ours = median(shop.cpu for shop, _ in rounds)
    theirs = median(bare.cpu for _, bare in rounds)
    limit = f"ratio at most {most}" if most else ""
    good = ours <= most * theirs if most else None
    yield Row(f"CPU a streamed page, {how}, 100 deltas/s", ours, "ms", theirs, limit, good)


def _delays(how: str, rounds: _Rounds) -> Iterator[Row]:
    ours = [delay for shop, _ in rounds for delay in shop.delays]
    theirs = [delay for _, bare in rounds for delay in bare.delays]
    added = median(ours) - median(theirs)
    limit, good = f"added: {added:.1f}, under {_MOST_ADDED:.0f} ms", added < _MOST_ADDED
    name = "delay of a component"
    yield Row(f"{name}, median, {how}", median(ours), "ms", median(theirs), limit, good)
    yield Row(f"{name}, 95th percentile, {how}", _late(ours), "ms", _late(theirs))


def _late(delays: Sequence[float]) -> float:
    return quantiles(delays, n=20, method="inclusive")[-1]
