"""A crowd of shoppers who do all that shoppers do, and hold against the shop what does not hold."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import httpx

from tests.support.fake_model import demo_products
from tests.support.shopper_client import SentEvent, Shopper, events, fold, slots, stream_of
from tools.support import http

CROWD = 8
KEPT_SECONDS = 60.0
"""Seconds for which a finished page is asked for again: those of the house are kept for 120."""
OURS = {"sec-fetch-site": "same-origin"}


class Finished(NamedTuple):
    """A page that a shopper saw to its end: whose it is, and what filled its slots."""

    cookies: httpx.Cookies
    fillers: dict[str, str]
    at: float


@dataclass
class Crowd:
    """What shoppers do, and what they hold against the shop.

    `outages` counts when a process was ended and when it was back, so it is odd meanwhile: what
    fails then says nothing.
    """

    urls: Callable[[], Sequence[str]]
    chance: random.Random
    outages: int = 0
    going: threading.Event = field(default_factory=threading.Event)
    done: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    finished: deque[Finished] = field(default_factory=lambda: deque(maxlen=200))
    facts_noted: Counter[str] = field(default_factory=Counter)
    facts_sent: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        """One of the addresses, as a `Place` is asked for it."""
        return self.chance.choice(self.urls())

    def run(self) -> None:
        """Do one thing after the other until the time is over."""
        deeds = [self.compose, self.compose, self.come_back, self.look_around]
        deeds += [self.tell, self.fill_basket, self.call, self.vanish]
        while self.going.is_set():
            deed, outages = self.chance.choice(deeds), self.outages
            try:
                deed()
                self.done[deed.__name__] += 1
            except (httpx.HTTPError, AssertionError, KeyError, ValueError) as error:
                if self._were_outages_since(outages):
                    self.done["interrupted"] += 1
                    time.sleep(0.05)
                else:
                    self.wrong.append(f"{deed.__name__}: {type(error).__name__}: {error}")

    def _were_outages_since(self, before: int) -> bool:
        return self.outages != before or before % 2 == 1

    def compose(self) -> None:
        """Follow a page to its end, leaving and resuming on the way, and find it kept.

        What is finished in an outage may be in the memory of a process that is ended.
        """
        outages = self.outages
        with Shopper(self) as shopper:
            shell = shopper.store().text
            if not (stream := stream_of(shell)):
                return
            seen = self._follow(stream, shopper)
            if seen[-1].name != "ready":
                self.done[f"page_{seen[-1].payload.get('code')}"] += 1
                return
            self.done["ready"] += 1
            filled = fold(shell, seen)
            kept = shopper.store()
            assert kept.headers["x-wandstore-page"] in ("kept", "redrawn"), "a ready page is lost"
            assert _fillers(slots(kept.text)) == _fillers(filled), "another page than was streamed"
            cookies, now = httpx.Cookies(shopper.cookies), time.monotonic()
            if not self._were_outages_since(outages):
                self.finished.append(Finished(cookies, _fillers(filled), now))

    def _follow(self, stream: str, shopper: Shopper) -> list[SentEvent]:
        """Read a page's events to the last, over as many connections and processes as it takes."""
        seen: list[SentEvent] = []
        while not seen or seen[-1].name not in ("ready", "error"):
            few = self.chance.choice((1, 2, 3, 99, 99))
            outages = self.outages
            try:
                with shopper.following(stream, seen[-1].id if seen else None) as reading:
                    for event in reading:
                        assert not seen or event.id > seen[-1].id, "an event came twice"
                        seen.append(event)
                        few -= 1
                        if not few:
                            self.done["resumed"] += 1
                            break
            except (httpx.HTTPError, AssertionError):
                if not self._were_outages_since(outages):
                    raise
                time.sleep(0.1)
        return seen

    def come_back(self) -> None:
        """Find a page again that was finished a while ago, perhaps by a process that is no more."""
        if not self.finished:
            return
        page = self.chance.choice(tuple(self.finished))
        if time.monotonic() - page.at > KEPT_SECONDS:
            return
        with Shopper(self, cookies=page.cookies) as shopper:
            kept = shopper.store()
        how = kept.headers["x-wandstore-page"]
        assert how in ("kept", "redrawn"), f"{how} in place of a finished page"
        assert _fillers(slots(kept.text)) == page.fillers, "the finished page has changed"
        self.done["found_again"] += 1

    def look_around(self) -> None:
        """Read the pages that nobody composes."""
        product = self.chance.choice(demo_products())
        for path in (f"/products/{product['id']}", "/store?q=lamp", "/health", "/categories"):
            http.get(f"{self.url}{path}").raise_for_status()

    def tell(self) -> None:
        """Tell what a shopper did, which is stored once it was taken, and once only."""
        with Shopper(self) as shopper:
            shopper.store()
            shopper_id = shopper.cookies["shopper_demo"].split(".")[0]
            for product in self.chance.sample(demo_products(), 2):
                said = {"events": [{"kind": "view", "product": product["id"]}]}
                self.facts_sent[shopper_id] += 1
                answered = shopper.post("/signals", json=said, headers=OURS)
                if answered.status_code == httpx.codes.NO_CONTENT:
                    self.facts_noted[shopper_id] += 1
                else:
                    assert answered.status_code == httpx.codes.TOO_MANY_REQUESTS, answered.text

    def fill_basket(self) -> None:
        """Put something into the basket twice, and find it twice."""
        with Shopper(self) as shopper:
            form = {
                "do": "add",
                "product": "copper-kettle",
                "variant": "copper-kettle",
                "quantity": "1",
            }
            for _ in range(2):
                answered = shopper.post("/basket", data=form, headers=OURS)
                assert answered.status_code == httpx.codes.SEE_OTHER, answered.text
            assert 'value="2"' in shopper.get("/basket").text, "the basket is not as it was filled"

    def call(self) -> None:
        """Have a page composed by a model, whatever is known already."""
        body = {
            "shopper_id": f"shop_{self.chance.getrandbits(128):032x}",
            "persona": {
                "type": "collector",
                "confidence": 0.8,
                "signals": {
                    "avg_order_value": self.chance.randrange(1, 2000),
                    "category_preferences": [self.chance.choice(demo_products())["category"]],
                    "price_sensitivity": "low",
                    "browsing_patterns": [],
                },
            },
            "shop": {"shop_id": "demo"},
            "options": {"force": True},
        }
        answered = http.post(f"{self.url}/generate", json=body, timeout=60)
        assert answered.status_code in (200, 429, 503, 504), f"{answered}: {answered.text[:200]}"

    def vanish(self) -> None:
        """Open a stream and leave it after its first event, or before."""
        with Shopper(self) as shopper:
            if stream := stream_of(shopper.store().text):
                with shopper.stream("GET", stream) as response:
                    if self.chance.random() < 0.5:
                        next(events(response.iter_lines()), None)


def _fillers(filled: dict[str, tuple[str, str]]) -> dict[str, str]:
    return {slot: by for slot, (by, _) in filled.items()}


@contextmanager
def shopping(crowd: Crowd) -> Iterator[None]:
    """Let the crowd shop for as long as the block lasts."""
    crowd.going.set()
    threads = [threading.Thread(target=crowd.run) for _ in range(CROWD)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        crowd.going.clear()
        for thread in threads:
            thread.join(90)
