"""A month of shoppers with known taste and effect, over HTTP, held against what /insights says.

Half of them get the plain page and half the composed one, after which so many more of them buy.
Each has a cookie and an address of their own, and looks, clicks, fills a basket and buys as a seed
says.
The report is read as often as a month has days. At the end it must say what happened to the last
order, and its interval must hold the effect that was put in.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from html import unescape
from ipaddress import IPv4Address
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from app.catalog.load import load_catalogs
from app.domain.catalog import Product, Shop
from app.insights.report import Counts
from app.settings import ROOT
from app.storage.db.sqlite import SqliteDatabase
from app.web.cookies import LIFETIME, SessionSigner
from tools.support import http
from tools.support.edge import SECRETS, Worker, behind_worker, publish
from tools.support.server import HeldPort, Server

DAYS = 28
SECRET = "a secret of the simulation alone"  # noqa: S105 - signs cookies of a shop that is thrown away
ENVIRONMENT = {
    "SESSION_SECRET": SECRET,
    "WANDSTORE_HOUSE_PACE": "0",
    "WANDSTORE_LAG_SECONDS": "3600",
    "WANDSTORE_DESIGN": "0",
}
EXPERIMENT = """
dollar = 1

[[experiment]]
name = "pays"
arms = [{ name = "plain", page = "plain" }, { name = "composed", page = "PAGE" }]
"""
_FIRST_ADDRESS = IPv4Address("127.1.0.1")
_FEWEST = 300
_PROVIDERS = ("KIMI_", "CLAUDE_")
_TOGETHER = 16
_SECONDS = 60.0
_AWAY = 503
_BASKETS_LEFT = 0.05
_UNFOLLOWED = 0.04
_CLICKS = 0.3
_SLOT = re.compile(
    r'<section class="slot" data-slot="([^"]+)" data-filled-by="([^"]+)"[^>]*>(.*?)</section>\n',
    re.DOTALL,
)
_CHECKOUT = re.compile(r'href="([^"]*/checkout[^"]*)"')
_PRODUCT = re.compile(r'<a [^>]*href="[^"]*/products/([^"/?#]+)')


class Plan(NamedTuple):
    """How many come, and how likely they buy without and with a composed page."""

    shoppers: int
    base: float = 0.1
    effect: float = 0.05
    seed: int = 20_261_126

    def chance_of(self, arm: str) -> float:
        """Return how likely a shopper of an arm buys."""
        return self.base + (self.effect if arm == "composed" else 0)


class Place(NamedTuple):
    """Where shoppers go, and where its operators read the report with this token.

    `secret` signs the shoppers' cookies.
    """

    shop: str
    report: str
    token: str = ""
    secret: str = SECRET

    @property
    def through_worker(self) -> bool:
        """Whether a Worker tells the shop of each shopper's address."""
        return self.shop != self.report


class Result(NamedTuple):
    """What the shoppers did, what was said of it, and on which days a difference was called."""

    counts: Mapping[tuple[str, ...], int]
    report: Mapping[str, Any]
    called: Sequence[int]
    effect: float
    """Revenue a visitor that the composed page brings, by how the shoppers were made."""
    seconds: float

    @property
    def composed(self) -> Mapping[str, Any]:
        """What is said of the arm with the composed page."""
        arm: Mapping[str, Any] = self.report["experiments"][0]["arms"][1]
        return arm

    def mistakes(self) -> list[str]:
        """Return what the report has otherwise than it was."""
        told = _counts_of(self.report)
        return [
            f"{' '.join(key)}: {self.counts.get(key, 0)}, and the report says {told.get(key, 0)}"
            for key in sorted(self.counts.keys() | told.keys())
            if self.counts.get(key, 0) != told.get(key, 0)
        ]

    def holds(self) -> bool:
        """Say whether the interval has the effect in it."""
        found = self.composed["difference"]
        return bool(found["low"] is not None and found["low"] <= self.effect <= found["high"])


class Connection:
    """A shopper's own connection: HTTP/1.1 from an address of their own, one thing at a time."""

    def __init__(self, place: Place, number: int, cookie: str, headers: Mapping[str, str]) -> None:
        url = urlsplit(place.shop)
        self._server = url.hostname or "", url.port or 80
        self._address = str(_FIRST_ADDRESS + number)
        self._headers = {"host": url.netloc, "user-agent": http.BROWSER, **headers}
        if place.through_worker:
            self._headers["cf-connecting-ip"] = self._address
        self._cookies = [cookie]

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(
            *self._server, local_addr=(self._address, 0)
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def send(self, method: str, path: str, body: bytes = b"", kind: str = "") -> str:
        """Return what is answered; RuntimeError for an error. A cookie that is set is kept."""
        headers = {**self._headers, "cookie": "; ".join(self._cookies)}
        if method == "POST":
            headers |= {"content-type": kind, "content-length": str(len(body))}
            headers |= {"sec-fetch-site": "same-origin"}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {headers[name]}" for name in headers)]
        self._writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        async with asyncio.timeout(_SECONDS):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            text = await self._body(head)
        status = int(head.split(" ", 2)[1])
        if status >= 400:
            raise RuntimeError(f"{method} {path}: {status} {text[:200]!r}")
        for cookie in re.findall(r"(?i)\r\nset-cookie: ([^;\r]+)", head):
            name = cookie.partition("=")[0]
            others = (kept for kept in self._cookies if not kept.startswith(f"{name}="))
            self._cookies = [*others, cookie]
        return text.decode()

    async def _body(self, head: str) -> bytes:
        if length := re.search(r"(?i)\r\ncontent-length: (\d+)", head):
            return await self._reader.readexactly(int(length[1]))
        text = b""
        while re.search(r"(?i)\r\ntransfer-encoding: chunked", head):
            size = int(await self._reader.readline(), 16)
            text += (await self._reader.readexactly(size + 2))[:size]
            if not size:
                break
        return text


class Simulation:
    """Sends shoppers to a shop and counts what they do."""

    def __init__(self, plan: Plan, place: Place, shop: Shop) -> None:
        self.counts: Counter[tuple[str, ...]] = Counter()
        self._plan = plan
        self._place = place
        self._signer = SessionSigner(place.secret.encode())
        self._shop = shop
        self._tastes = [
            [item for item in shop.everything() if item.category == name and item.available]
            for name in shop.categories()
        ]

    @property
    def effect(self) -> float:
        """Revenue a visitor that the composed page brings: what more of them spend."""
        means = [_mean(goods) for goods in self._tastes]
        return self._plan.effect * sum(means) / len(means)

    async def run(self) -> Result:
        """Let everybody come, and read the report as often as there are days."""
        began, called = time.monotonic(), []
        days = [range(at, self._plan.shoppers, DAYS) for at in range(DAYS)]
        for day, numbers in enumerate(days, 1):
            for begin in range(0, len(numbers), _TOGETHER):
                some = numbers[begin : begin + _TOGETHER]
                await asyncio.gather(*(self._come(number) for number in some))
            report = await self.report()
            if report["experiments"][0]["arms"][1]["difference"]["called"]:
                called.append(day)
        seconds = time.monotonic() - began
        result = Result(self.counts, report, called, self.effect, seconds)
        while result.mistakes() and time.monotonic() < began + seconds + _SECONDS:
            await asyncio.sleep(0.2)  # the last baskets are noted after their answer
            result = result._replace(report=await self.report())
        return result

    async def report(self) -> Mapping[str, Any]:
        """Return what operators are told, as soon as the database has the time to say it."""
        headers = {"accept": "application/json"}
        if self._place.token:
            headers["authorization"] = f"Bearer {self._place.token}"
        address, end = f"{self._place.report}/insights", time.monotonic() + _SECONDS
        answered = http.get(address, headers=headers, timeout=_SECONDS)
        while answered.status_code == _AWAY and time.monotonic() < end:
            await asyncio.sleep(float(answered.headers["retry-after"]))
            answered = http.get(address, headers=headers, timeout=_SECONDS)
        answered.raise_for_status()
        report: Mapping[str, Any] = answered.json()
        return report

    async def _come(self, number: int) -> None:
        """Be a shopper: look, click, perhaps fill a basket, perhaps buy what is in it."""
        chance = Random(self._plan.seed * 1_000_000 + number)  # noqa: S311 - the same every time
        name = f"shop_{chance.getrandbits(128):032x}"
        expires = int(time.time()) + LIFETIME
        made = self._signer.cookie(name, self._shop.id, expires, secure=False)
        cookie = made.decode().partition(";")[0]
        followed = chance.random() >= _UNFOLLOWED
        headers = {} if followed else {"dnt": "1"}
        async with Connection(self._place, number, cookie, headers) as browser:
            page = await browser.send("GET", "/store")
            while ' data-stream="' in page:
                await asyncio.sleep(0.02)
                page = await browser.send("GET", "/store")
            slots = _SLOT.findall(page)
            is_plain = all(by == "fallback" for _, by, _ in slots)
            arm = "plain" if is_plain else "composed"
            likes = chance.choice(self._tastes)
            if followed:
                self.counts[arm, "visitors"] += 1
                events = self._look(arm, slots, likes, chance)
                await self._tell(browser, events)
            buys = chance.random() < self._plan.chance_of(arm)
            if buys or chance.random() < _BASKETS_LEFT:
                item = chance.choice(likes)
                await self._buy(browser, item, buys=buys)
                if followed:
                    self._count_basket(arm, slots, item, buys=buys)

    def _look(
        self,
        arm: str,
        slots: Sequence[tuple[str, str, str]],
        likes: Sequence[Product],
        chance: Random,
    ) -> list[dict[str, object]]:
        """See every slot, and click on what one likes; return what the page reports of it."""
        events: list[dict[str, object]] = []
        liked = {item.id for item in likes}
        for slot, by, html in slots:
            products = list(dict.fromkeys(_PRODUCT.findall(html)))[:20]
            about = {"slot": slot, "by": by}
            events.append({"kind": "shown", **about, "products": products})
            self._count(arm, slot, by, "shown", ("0", *map(str, range(1, len(products) + 1))))
            wanted = [place for place, product in enumerate(products, 1) if product in liked]
            if wanted and chance.random() < _CLICKS:
                place = chance.choice(wanted)
                click = {"product": products[place - 1], "place": place}
                events.append({"kind": "click", **about, **click})
                self._count(arm, slot, by, "clicked", ("0", str(place)))
        return events

    async def _buy(self, browser: Connection, item: Product, *, buys: bool) -> None:
        """Put something into the basket and, perhaps, go to the checkout and order it."""
        form = {"do": "add", "product": item.id, "variant": item.first_form().id}
        kind = "application/x-www-form-urlencoded"
        await browser.send("POST", "/basket", urlencode(form).encode(), kind)
        if buys:
            (checkout,) = _CHECKOUT.findall(await browser.send("GET", "/basket"))
            await browser.send("GET", unescape(checkout))
            items = [{"product": item.id, "quantity": 1}]
            await self._tell(browser, [{"kind": "purchase", "items": items}])

    def _count_basket(
        self, arm: str, slots: Sequence[tuple[str, str, str]], item: Product, *, buys: bool
    ) -> None:
        """Count a basket and an order, with the slot of a composed page that showed it first."""
        composed = ((slot, html) for slot, by, html in slots if by != "fallback")
        origin = next((it for it, html in composed if item.id in _PRODUCT.findall(html)), "")
        for what in ("baskets", "orders") if buys else ("baskets",):
            self.counts[arm, what] += 1
            self.counts["product", item.id, what] += 1
            if origin:
                self.counts["from", origin, what] += 1
        if buys:
            self.counts[arm, "checkouts"] += 1
            self.counts[arm, "cents"] += _cents(item)

    async def _tell(self, browser: Connection, events: Sequence[object]) -> None:
        body = json.dumps({"events": events}).encode()
        await browser.send("POST", "/signals", body, "application/json")

    def _count(self, arm: str, slot: str, by: str, what: str, places: Sequence[str]) -> None:
        for place in places:
            self.counts[arm, slot, by, place, what] += 1


def _counts_of(report: Mapping[str, Any]) -> dict[tuple[str, ...], int]:
    """Return what a report says, as the simulation counts it; without what did not happen."""
    found: Counter[tuple[str, ...]] = Counter()
    for arm in report["experiments"][0]["arms"]:
        for what in ("visitors", "baskets", "checkouts", "orders"):
            found[arm["arm"], what] = arm[what]
        found[arm["arm"], "cents"] = round(arm["revenue"] * 100)
    for row in report["slots"]:
        if row["arm"].startswith("pays."):
            about = (row["arm"].partition(".")[2], row["slot"], row["component"], str(row["place"]))
            for what in ("shown", "clicked"):
                found[*about, what] += row[what]
    for kind, name, rows in (
        ("from", "slot", report["origins"]),
        ("product", "product", report["bought"]),
    ):
        for row in rows:
            found[kind, row[name], "baskets"] += row["baskets"]
            found[kind, row[name], "orders"] += row["bought"]
    return {key: number for key, number in found.items() if number}


def _cents(item: Product) -> int:
    return int(item.price.amount * 100)


def _mean(goods: Sequence[Product]) -> float:
    return sum(map(_cents, goods)) / len(goods) / 100


def shop_with_experiment(folder: Path, page: str = "house") -> dict[str, str]:
    """Write our own shop with the experiment into a folder; return what its server is to know.

    `page` is what the composed page is composed by.
    """
    folder.mkdir(parents=True)
    for part in ("components", "prompts", "static", "locale"):
        (folder / part).symlink_to(ROOT / part)
    (folder / "experiments.toml").write_text(EXPERIMENT.replace("PAGE", page))
    return {**ENVIRONMENT, "WANDSTORE_ROOT": str(folder)}


@contextmanager
def opened(folder: Path, environment: Mapping[str, str]) -> Iterator[Place]:
    """Open the shop in a process of its own."""
    with Server(folder / "data", environment) as server:
        yield Place(server.url, server.url)


@contextmanager
def opened_at_the_edge(
    folder: Path, environment: Mapping[str, str], kind: type[Server] = Server
) -> Iterator[Place]:
    """Open the shop as a container, of this kind, behind a Worker in workerd."""
    public = publish(folder / "public", WANDSTORE_ROOT=environment["WANDSTORE_ROOT"])
    with HeldPort() as port, Worker(folder / "state", public, port.url) as worker:
        known = {**environment, **behind_worker(worker)}
        with kind(folder / "container", known, port.number) as container:
            token, secret = SECRETS["WANDSTORE_OPERATOR_TOKEN"], SECRETS["SESSION_SECRET"]
            yield Place(worker.url, container.url, token, secret)


def simulate(plan: Plan, place: Place) -> Result:
    """Send the shoppers of a plan to the demo shop at a place."""
    shop = load_catalogs(ROOT / "demo" / "catalog.json").default
    return asyncio.run(Simulation(plan, place, shop).run())


_OPENED = {"container": opened, "worker": opened_at_the_edge}


def main() -> int:
    """Simulate twice, with an effect and without; say how it went."""
    parser = argparse.ArgumentParser("tools.simulate", description=__doc__)
    parser.add_argument("--shoppers", type=int, default=20_000)
    parser.add_argument("--effect", type=float, default=Plan(0).effect)
    parser.add_argument("--page", choices=("house", "model"), default="house")
    parser.add_argument("--through", choices=_OPENED, default="container")
    parser.add_argument("--keep", type=Path, help="where to write the month with an effect")
    chosen = parser.parse_args()
    if chosen.shoppers < _FEWEST:
        parser.error(f"of fewer than {_FEWEST} shoppers nothing can be said")
    plan = Plan(chosen.shoppers, effect=chosen.effect)
    models = {name: os.environ[name] for name in os.environ if name.startswith(_PROVIDERS)}
    good = True
    for number, planned in enumerate((plan, plan._replace(effect=0.0))):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(TemporaryDirectory(prefix="wandstore-simulate-")))
            environment = shop_with_experiment(folder / "shop", chosen.page) | models
            place = stack.enter_context(_OPENED[chosen.through](folder, environment))
            result = simulate(planned, place)
            if chosen.keep and not number:
                chosen.keep.write_text(asyncio.run(_rows_of(folder / "data")))
        good = _tell_of(result, planned) and good
    return not good


async def _rows_of(data: Path) -> str:
    """Return what a report is made of, by what it counts, a row a line."""
    database = SqliteDatabase(data / "shop.sqlite3", ROOT / "migrations")
    await database.open()
    counts = Counts(*await database.counts("demo", 0))
    await database.close()
    groups = []
    for name, rows in counts._asdict().items():
        lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
        groups.append(f' "{name}": [\n  {lines}\n ]')
    return "{\n" + ",\n".join(groups) + "\n}\n"


def _tell_of(result: Result, plan: Plan) -> bool:
    found, mistakes = result.composed["difference"], result.mistakes()
    day = f"on day {result.called[0]}" if result.called else "never"
    sys.stdout.write(
        f"{plan.shoppers} shoppers in {result.seconds:.0f} s; of {len(result.counts)} counts "
        f"{len(mistakes)} are wrong. Put in: {result.effect:+.2f} a visitor; found: "
        f"{found['estimate']:+.2f}, {found['low']:+.2f} to {found['high']:+.2f}; called {day}.\n"
    )
    sys.stdout.writelines(f"  {mistake}\n" for mistake in mistakes)
    return not mistakes and result.holds() and bool(result.called) == bool(plan.effect)


if __name__ == "__main__":
    sys.exit(main())
