"""A provider that is down under steady load: no page fails, and it comes back."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.conftest import StartServer
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.shopper_client import fillers
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

COOLDOWN = 0.5
BETWEEN = 0.05
SIDES = 2


@dataclass
class Load:
    """Pages asked for one after the other, each for a shopper unlike the others."""

    server: Server
    pages: list[dict[str, Any]] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)
    going: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self) -> None:
        """Ask until told to stop."""
        with http.Client(base_url=self.server.url, timeout=60) as client:
            while not self.going.wait(BETWEEN):
                sent = client.post("/generate", json=self._request())
                self.statuses.add(sent.status_code)
                self.pages.append(sent.json())

    def _request(self) -> dict[str, Any]:
        number = next(self.numbers)
        signals = {"category_preferences": [f"interest {number}"]}
        persona = {"type": "explorer", "confidence": 0.5, "signals": signals}
        shopper_id = f"shop_{number:032x}"
        return {"shopper_id": shopper_id, "persona": persona, "shop": {"shop_id": "demo"}}


@contextmanager
def steady(server: Server) -> Iterator[Load]:
    """Keep a load on a server from four sides."""
    load = Load(server)
    sides = [threading.Thread(target=load.run) for _ in range(SIDES)]
    for side in sides:
        side.start()
    try:
        yield load
    finally:
        load.going.set()
        for side in sides:
            side.join(60)


def health(server: Server) -> str:
    """Return how the models are said to be."""
    state: str = http.get(f"{server.url}/health", timeout=10).json()["checks"]["llm_api"]
    return state


def test_an_outage_fails_no_page_and_ends_by_itself(serve: StartServer, model: Model) -> None:
    server = serve(WANDSTORE_BREAKER_SECONDS=str(COOLDOWN), **model.environment)
    model.play(Scenario(answer()))
    with steady(server) as load:
        eventually(lambda: len(load.pages) >= 5)
        assert health(server) == "ok"
        model.play(Scenario(answer(), fault=Fault("status", status=503)))
        eventually(lambda: health(server) == "kimi: resting (HTTP 503)")
        under_way = len(load.pages) + 2 * SIDES
        eventually(lambda: len(load.pages) >= under_way)
        asked, composed, down = len(model.requests), len(load.pages), time.monotonic()
        eventually(lambda: len(load.pages) - composed > 20)  # pages go on being made
        eventually(lambda: len(model.requests) - asked >= 2)
        tried = len(model.requests) - asked
        seldom = (time.monotonic() - down) / COOLDOWN + 1
        assert tried <= seldom, "one call each time it has rested, to see whether it is back"
        model.play(Scenario(answer()))
        eventually(lambda: health(server) == "ok")
        back = len(load.pages)
        eventually(lambda: len(load.pages) >= back + 8)
    assert load.statuses == {200}
    told = {(page["status"], page["meta"]["model"]) for page in load.pages}
    assert told == {("success", "kimi-k2.6"), ("partial", "house")}
    assert all(fillers(page["ui"]["html"]).keys() >= {*SLOTS} for page in load.pages)
    writers = [page["meta"]["model"] for page in load.pages]
    assert writers[:4] == writers[-4:] == ["kimi-k2.6"] * 4
