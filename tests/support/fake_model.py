"""The stand-in model for tests that are not asynchronous themselves, and pages for it to write."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from anyio.from_thread import BlockingPortal, start_blocking_portal

from app.settings import ROOT
from tests.support.fake_llm import Asked, Scenario, StandIn
from tests.support.shopper_client import SentEvent

_LONGEST_WAIT = 20.0
KEY = "a-key-nobody-may-see"
SLOTS = ("hero", "filters", "grid", "recommendations", "cta")


@dataclass(frozen=True)
class Model:
    """A StandIn in a thread of its own, with its verbs as plain calls."""

    stand_in: StandIn
    portal: BlockingPortal

    @property
    def environment(self) -> dict[str, str]:
        """What a server needs to ask this model and no other."""
        return {"KIMI_BASE_URL": self.stand_in.base_url, "KIMI_API_KEY": KEY}

    @property
    def requests(self) -> Sequence[Asked]:
        """What it was asked."""
        return self.stand_in.requests

    def play(self, *scenarios: Scenario, model: str | None = None) -> None:
        """Play these, one a request, the last for ever."""
        self.portal.call(lambda: self.stand_in.play(*scenarios, model=model))

    def reached(self, number: int) -> None:
        """Wait until streams have been held so many times."""
        self.portal.call(_soon, self.stand_in.reached(number))

    def asked(self, number: int) -> None:
        """Wait until so many requests have come."""
        self.portal.call(_soon, self.stand_in.asked(number))

    def left(self, number: int) -> None:
        """Wait until so many of its clients have left before they had the whole answer."""
        self.portal.call(_soon, self.stand_in.left(number))

    def release(self, times: int = 1) -> None:
        """Let held streams go on."""
        for _ in range(times):
            self.portal.call(_soon, self.stand_in.release())


async def _soon(awaited: Awaitable[None]) -> None:
    """Wait for what must happen, but not for ever."""
    async with asyncio.timeout(_LONGEST_WAIT):
        await awaited


@contextmanager
def playing() -> Iterator[Model]:
    """Run a stand-in model for as long as the block lasts."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(StandIn()) as made:
        yield Model(made, portal)


def demo_products() -> list[dict[str, Any]]:
    """Return the demo shop's products as its catalog states them."""
    products: list[dict[str, Any]] = json.loads((ROOT / "demo" / "catalog.json").read_text())[
        "products"
    ]
    return products


@cache
def _names() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the products of the demo shop that can be had, and its categories."""
    products = demo_products()
    ids = tuple(item["id"] for item in products if item.get("stock") != 0)
    return ids, tuple(dict.fromkeys(item["category"] for item in products))


def component(kind: str, **changes: object) -> dict[str, Any]:
    """Return a valid component of the demo shop; `changes` override props."""
    ids, categories = _names()
    configs: dict[str, dict[str, object]] = {
        "hero": {
            "product_id": ids[3],
            "eyebrow": "Chosen by the model",
            "headline": "Light that knows when to stop",
            "text": "It stands quietly beside the chair and waits for evening.",
            "link_text": "See it up close",
        },
        "filters": {
            "label": "Where to look first",
            "categories": list(categories[::-1]),
            "sort": "name",
        },
        "grid": {
            "title": "Eight for long evenings",
            "text": "Each of them likes company.",
            "product_ids": list(ids[10:18]),
        },
        "recommendations": {"title": "And afterwards", "product_ids": list(ids[20:26])},
        "cta": {
            "headline": "There is a kettle on",
            "text": "Come through to the kitchen.",
            "link_text": "Come in",
            "category": categories[3],
        },
    }
    return {"type": kind, "id": kind, "config": {**configs[kind], **changes}}


def answer(*components: Mapping[str, Any]) -> str:
    """Return a model's answer with these components, or with all five."""
    written = components or tuple(component(kind) for kind in SLOTS)
    return json.dumps({"components": list(written)}, ensure_ascii=False)


def ends_of_components(text: str) -> tuple[int, ...]:
    """Return the positions right after each component's closing brace."""
    decoder = json.JSONDecoder()
    position = text.index("[") + 1
    ends: list[int] = []
    while True:
        start = text.find("{", position)
        if start < 0:
            return tuple(ends)
        _, position = decoder.raw_decode(text, start)
        ends.append(position)


def assert_written_one_by_one(model: Model, events: Iterator[SentEvent]) -> None:
    """Hold that each component arrives while its model is held behind it, and then the end."""
    for number, slot in enumerate(SLOTS, 1):
        model.reached(number)
        drawn = next(event for event in events if event.name == "component")
        assert drawn.payload["slot"] == slot, "nothing else can come yet"
        model.release()
    assert [event.name for event in events][-1] == "ready"
