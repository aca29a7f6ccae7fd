"""`python -m tests.soak [--seconds N] [URL ...]`: a shop under mixed traffic while much goes wrong.

Without addresses it opens a shop of its own, by one process or by several on a Redis and a
PostgreSQL: its models fail in every way the stand-in knows, its catalog is written anew under it,
and processes are killed and started again at random. With addresses it is only a crowd, which takes
one of them for each request, as a balancer would.

Nothing may be lost (a page that was ready is kept, what was noted of a shopper is stored), nothing
doubled (events, facts, calls of models), memory and descriptors stay within bounds, and models are
asked exactly as often as the budget allows. Prints what was done, and what did not hold.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any

from app.catalog.feed import MOST_PRODUCTS
from tests.support.crowd import CROWD, Crowd, shopping
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import Model, answer, demo_products, ends_of_components, playing
from tests.support.soaked import State, state_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

MOST_MIB = 256
_LONGEST_IMPORT = 15.0
"""Seconds within which 50,000 products are read where this machine has little else to do."""

_LONGEST_WAIT = 300.0
_PRICE = re.compile(r"(\d+)\.00")
PAGE = answer()
ENDS = ends_of_components(PAGE)
NO_LIMITS = dict.fromkeys(
    ("CALLS_PER_HOUR", "NEW_CALLS_PER_HOUR", "ADDRESS_CALLS_PER_HOUR", "ALL_CALLS_PER_HOUR"),
    "900000",  # ten a second are 12000 in twenty minutes
)
ENVIRONMENT = {
    **{f"WANDSTORE_{name}": value for name, value in NO_LIMITS.items()},
    "WANDSTORE_TOKENS_PER_HOUR": "900000000",
    "WANDSTORE_PAGES_PER_ADDRESS": "9999",
    "WANDSTORE_ALL_TOKENS_PER_HOUR": "900000000",
    "WANDSTORE_SILENCE_SECONDS": "1",
    "WANDSTORE_FIRST_TOKEN_SECONDS": "1",
    "WANDSTORE_RETRY_SECONDS": "0.05",
    "WANDSTORE_BREAKER_SECONDS": "1",
    "WANDSTORE_PAGE_MEMORY_SECONDS": "1",
    "WANDSTORE_HOUSE_PACE": "0.2",
    "WANDSTORE_GRACE": "1",
    "WANDSTORE_STORAGE_SECONDS": "20",  # this machine is busy: no page goes without what is stored
    "WANDSTORE_DESIGN": "",
}


class Shop:
    """A shop of our own, whose model fails, whose catalog changes, whose processes are killed."""

    def __init__(
        self, folder: Path, model: Model, state: State, chance: random.Random, products: int
    ) -> None:
        self.most_mib = 0.0
        self.most_descriptors = 0
        self.kills: Counter[str] = Counter()
        self.slowest_start = 0.0
        self._chance = chance
        self._model = model
        self._catalog = folder / "catalog.json"
        self._products = min(products, MOST_PRODUCTS - len(demo_products()))
        self._version = self._sold = 0
        self.write_catalog()
        claude = {"CLAUDE_BASE_URL": model.stand_in.url, "CLAUDE_API_KEY": "a-key"}
        environment = {**ENVIRONMENT, **model.environment, **claude}
        environment["WANDSTORE_CATALOG"] = str(self._catalog)
        self.state = state
        self._folder, self._environment = folder, {**environment, **state.environment}
        self._servers: list[Server] = []

    def half_a_catalog(self) -> str:
        """Return what is wrong where the catalog is of no version, or of one before the last."""
        pages = [f"{self.urls()[0]}/products/more-{it}" for it in (0, self._products - 1)]
        first, last = (
            int(_PRICE.findall(http.get(page).raise_for_status().text)[0]) for page in pages
        )
        before, self._sold = self._sold, first
        whole = first == last and before <= first <= self._version
        return "" if whole else f"prices of {first} and {last} are sold after {before}"

    @contextmanager
    def open(self, processes: int, **limits: str) -> Iterator[None]:
        """Serve by so many processes for as long as the block lasts."""
        environment = {**self._environment, **limits}
        data = [f"data-{number}" for number in range(processes)]
        self._servers = [Server(self._folder / name, environment) for name in data]
        with ExitStack() as opened:
            for server in self._servers:
                opened.enter_context(server)
            yield

    def urls(self) -> list[str]:
        """Return where those processes serve that are not down, all where all are."""
        up = [it.url for it in self._servers if it.process and it.process.poll() is None]
        return up or [server.url for server in self._servers]

    def fail_at_random(self) -> None:
        """Have the next answers go wrong as often as not."""
        self._model.play(*(_scenario(self._chance) for _ in range(50)), Scenario(PAGE))

    def write_catalog(self) -> None:
        """Change what the first and the last of many cost, as a merchant's export would."""
        self._version += 1
        catalog = json.loads(Path("demo/catalog.json").read_text())
        catalog["products"] += [_product(number) for number in range(self._products)]
        for at in (-self._products, -1):
            catalog["products"][at]["price"] = self._version
        for product in catalog["products"]:
            product.pop("image", None)
        new = self._catalog.with_suffix(".new")
        new.write_text(json.dumps(catalog))
        new.replace(self._catalog)

    def measure(self) -> None:
        """Note what the processes take now."""
        for server in self._servers:
            self._measure(Path(f"/proc/{server.pid}"))

    def _measure(self, process: Path) -> None:
        try:
            status = (process / "status").read_text()
            self.most_mib = max(self.most_mib, int(status.partition("VmRSS:")[2].split()[0]) / 1024)
            count = sum(1 for _ in (process / "fd").iterdir())
        except (OSError, IndexError):
            return  # it has just ended
        self.most_descriptors = max(self.most_descriptors, count)

    def is_importing(self) -> bool:
        """Say whether a process has begun to read the catalog in another."""
        return any(server.is_parent for server in self._servers)

    def end_and_start(self, *, kindly: float = 0.25) -> None:
        """Kill a process, seldom kindly, and start it again at once, now and then in an outage."""
        how = SIGTERM if self._chance.random() < kindly else SIGKILL
        server = self._chance.choice(self._servers)
        outage = self._chance.choice(self.state.outages())
        with outage if self._chance.random() < 0.25 else nullcontext():
            server.kill(how)
            self.kills[how.name] += 1
            began = time.monotonic()
            server.start()
            self.slowest_start = max(self.slowest_start, time.monotonic() - began)

    def spend_the_rest(self, processes: int, calls: int) -> int:
        """Leave the budget so many calls, want more pages than that; return how many were made."""
        self._model.play(Scenario(PAGE))
        left = str(self.state.calls_paid() + calls)
        before = self.calls_asked()
        crowd = Crowd(self.urls, self._chance)
        with self.open(processes, WANDSTORE_CALLS_PER_HOUR=left):
            for _ in range(2 * calls):
                crowd.call()
        return self.calls_asked() - before

    def calls_asked(self) -> int:
        """Return how often models were asked, whatever came of it."""
        return self._model.stand_in.request_count


def _product(number: int) -> dict[str, Any]:
    return {
        "id": f"more-{number}",
        "title": f"Plain Thing {number}",
        "price": 10 + number % 90,
        "category": f"Things {number % 40}",
        "description": "A thing among many, made to be found by who looks for it. " * 20,
        "stock": 5,
    }


def _scenario(chance: random.Random) -> Scenario:
    """Return an answer, good or not: cut, reset, late, refused, no JSON, no UTF-8, or an error."""
    faults = (
        Fault("cut", "chars", at=chance.choice(ENDS)),
        Fault("reset", "chars", at=chance.randrange(len(PAGE))),
        Fault("stall", "chars", at=chance.randrange(len(PAGE))),
        Fault("status", status=chance.choice((401, 429, 500, 503))),
        Fault("error", "chars", at=chance.choice(ENDS)),
        Fault("invalid_json", "chars", at=chance.choice(ENDS)),
        Fault("invalid_utf8", "chars", at=chance.choice(ENDS)),
        Fault("garbage", "chars", at=chance.choice(ENDS)),
        *(Fault(kind) for kind in ("empty_body", "html", "packed")),
    )
    fault = chance.choice((None, None, None, *faults))
    return Scenario(PAGE, deltas_per_second=chance.choice((None, 400, 2000)), fault=fault)


def soak(shop: Shop, crowd: Crowd, seconds: float, chance: random.Random) -> None:
    """Let much go wrong at once, at random, for so many seconds."""
    end = time.monotonic() + seconds
    pause = min(20.0, seconds / 6)
    with shopping(crowd):
        next_kill, next_catalog = time.monotonic() + pause, time.monotonic() + pause / 2
        while (now := time.monotonic()) < end:
            shop.fail_at_random()
            shop.measure()
            shop.state.forget_layouts()
            if now > next_catalog:
                shop.write_catalog()
                next_catalog = now + chance.uniform(0.2, 1) * pause
            if now > next_kill:
                if chance.random() < 0.5:  # while the catalog is read anew
                    shop.write_catalog()
                    time.sleep(chance.uniform(0.5, 2))
                crowd.outages += 1
                shop.end_and_start()
                crowd.outages += 1
                next_kill = time.monotonic() + chance.uniform(0.5, 1.5) * pause
            time.sleep(0.25)


def kill_while_importing(shop: Shop, crowd: Crowd, times: int, chance: random.Random) -> None:
    """Kill a process so often while the catalog is read anew; it is to be sold whole after that."""
    with shopping(crowd):
        for _ in range(times):
            shop.fail_at_random()
            shop.state.forget_layouts()
            shop.write_catalog()
            eventually(shop.is_importing, _LONGEST_WAIT)
            time.sleep(chance.uniform(0, _LONGEST_IMPORT))
            shop.measure()
            crowd.outages += 1
            shop.end_and_start(kindly=0)
            crowd.outages += 1
            crowd.wrong += filter(None, [shop.half_a_catalog()])


def held_against(shop: Shop, crowd: Crowd) -> Iterator[str]:
    """Yield what does not hold once all is over and the process has ended kindly."""
    yield from crowd.wrong
    stored = Counter(shop.state.facts())
    for shopper, noted in crowd.facts_noted.items():
        if not noted <= stored[shopper] <= crowd.facts_sent[shopper]:
            yield f"{stored[shopper]} facts are stored of {noted} that were noted"
    asked, paid = shop.calls_asked(), shop.state.calls_paid()
    if not asked <= paid <= asked + CROWD * 2 * shop.kills["SIGKILL"]:
        yield f"models were asked {asked} times, and {paid} calls are paid for"
    if shop.most_mib > MOST_MIB:
        yield f"{shop.most_mib:.0f} MiB are resident"
    if shop.most_descriptors > 100 + 4 * CROWD:
        yield f"{shop.most_descriptors} descriptors are open"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def _report(crowd: Crowd, wrong: Sequence[str]) -> int:
    _say(", ".join(f"{name} {count}" for name, count in sorted(crowd.done.items())))
    for complaint, count in Counter(wrong).most_common(20):
        _say(f"DOES NOT HOLD ({count}): {complaint}")
    return 1 if wrong else 0


def _own_shop(given: argparse.Namespace, chance: random.Random) -> int:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the stand-in writes to who was killed
    processes = given.processes
    with ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        model = opened.enter_context(playing())
        state = opened.enter_context(state_of(processes, folder / "data-0"))
        shop = Shop(folder, model, state, chance, given.products)
        crowd = Crowd(shop.urls, chance)
        with shop.open(processes):
            if given.kills:
                kill_while_importing(shop, crowd, given.kills, chance)
            else:
                soak(shop, crowd, given.seconds, chance)
        wrong = list(held_against(shop, crowd))
        rest = shop.spend_the_rest(processes, 5)
        if rest != 5:
            wrong.append(f"{rest} calls were made where the budget had 5 left")
        kills = ", ".join(f"{how} {count}" for how, count in shop.kills.items())
        _say(f"ended {kills}; back after {shop.slowest_start:.1f} s at most")
        _say(
            f"models asked {shop.calls_asked()} times; {shop.most_mib:.0f} MiB, "
            f"{shop.most_descriptors} descriptors at most"
        )
        return _report(crowd, wrong)


def main(arguments: Sequence[str]) -> int:
    """Soak for as long as is said; return 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="tests.soak")
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 10**6)
    parser.add_argument("--products", type=int, default=1000, help="beside those of the demo shop")
    parser.add_argument("--kills", type=int, help="so often while importing, and nothing else")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("urls", nargs="*", help="shops of others, which are only visited")
    given = parser.parse_args(arguments)
    _say(f"seed {given.seed}")
    chance = random.Random(given.seed)  # noqa: S311 - to be repeated, not to be secret
    if not given.urls:
        return _own_shop(given, chance)
    crowd = Crowd(lambda: given.urls, chance)
    with shopping(crowd):
        time.sleep(given.seconds)
    return _report(crowd, crowd.wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
