"""Where a store takes baskets: asked for beside the shop, and remembered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog import permalinks
from app.catalog.permalinks import Permalinks
from app.domain.catalog import Checkout
from tests.support.clock import Clock
from tests.support.serving import serving

BUY = "https://shop.example/buy"
STORE = Checkout("shopify", "https://shop.example/cart")
ITS_OWN = Checkout("shopify", "https://own.example/en/cart")


class Profile:
    """What a store answers with; `asked` counts how often."""

    def __init__(self) -> None:
        self.status = 200
        self.text = named(BUY)
        self.asked = 0
        self.app = Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, _: Request) -> Response:
        self.asked += 1
        return Response(self.text, self.status)


def named(endpoint: object) -> str:
    declared = [{"version": "1"}, {"version": "2", "config": {"endpoint": endpoint}}]
    return json.dumps({"ucp": {"capabilities": {"dev.ucp.shopping.permalink": declared}}})


@pytest.fixture
def profile(monkeypatch: pytest.MonkeyPatch) -> Iterator[Profile]:
    made = Profile()
    with serving(made.app) as address:
        monkeypatch.setattr(permalinks, "_profile", lambda _: f"{address}/.well-known/ucp")
        yield made


def test_a_store_is_asked_once_a_day_and_where_it_fails_what_it_said_before_holds(
    profile: Profile,
) -> None:
    clock = Clock()
    known = Permalinks(clock)

    def look() -> str:
        asyncio.run(known.look([STORE, None, ITS_OWN, Checkout("demo")]))
        return known.endpoint(STORE)

    assert known.endpoint(STORE) == ""
    assert look() == BUY
    assert look() == BUY
    assert profile.asked == 1, "neither again, nor a shop that says itself where"
    clock.now += 86_400
    profile.status = 503
    assert look() == BUY
    clock.now += 3_600
    profile.status, profile.text = 200, named("https://shop.example/purchase")
    assert look() == "https://shop.example/purchase"
    clock.now += 86_400
    profile.status = 404
    assert look() == ""
    assert known.endpoint(ITS_OWN) == ""
    assert known.counts == {"named": 2, "failed": 1, "none": 1}


def test_what_is_no_endpoint_is_not_used(profile: Profile) -> None:
    unusable = (
        *map(named, ("http://shop.example/buy", "https://a@shop.example/buy", 7, None)),
        *map(named, ("https://shop.example/buy?x=1", "https://shop.example/buy/", "/buy")),
        *("", "[]", "{", "null", '{"ucp": []}', "[" * 100_000, '"' + "x" * 600_000 + '"'),
    )
    for text in unusable:
        profile.text, known = text, Permalinks()
        asyncio.run(known.look([STORE]))
        assert known.endpoint(STORE) == ""
    assert profile.asked == len(unusable)
