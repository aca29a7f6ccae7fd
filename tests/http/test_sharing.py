"""Like shoppers share one decision: a crowd of newcomers costs one call, and each has a page."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import httpx
import pytest

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.stored import pairs
from tools.support import http
from tools.support.server import Server


def stream_of(page: httpx.Response) -> str:
    return page.text.partition('data-stream="')[2].partition('"')[0]


async def finished_page(server: Server) -> str:
    """Be a new shopper; return the finished page."""
    async with http.AsyncClient(base_url=server.url, timeout=60) as shopper:
        page = await shopper.get("/store")
        await shopper.get(stream_of(page))
        return (await shopper.get("/store")).text


async def crowd(server: Server, size: int) -> list[str]:
    return await asyncio.gather(*(finished_page(server) for _ in range(size)))


def test_two_hundred_newcomers_at_once_cost_one_call(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), deltas_per_second=150, first_delay=1.0))
    server = serve(WANDSTORE_PAGES_AT_ONCE="250", **model.environment)
    pages = asyncio.run(crowd(server, 200))
    assert len(model.requests) == 1
    assert all(page.count('data-filled-by="fallback"') == 0 for page in pages)


def test_a_newcomer_who_comes_later_costs_nothing(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    first, later = (asyncio.run(finished_page(composed_by_model)) for _ in range(2))
    assert first == later
    assert len(model.requests) == 1


def test_each_shopper_has_a_page_of_their_own_and_the_plan_holds_no_price(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    asyncio.run(crowd(composed_by_model, 3))
    (layout,) = pairs(composed_by_model, "plan:demo:v2_").values()
    assert [item["type"] for item in json.loads(layout)["components"]] == list(SLOTS)
    assert b"price" not in b"".join(pairs(composed_by_model, "plan:").values())
    assert len(pairs(composed_by_model, "ui:shop_")) == 3


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("refuse")])
def test_what_the_house_made_while_the_model_was_down_is_no_plan(
    composed_by_model: Server, model: Model, fault: Fault
) -> None:
    model.play(Scenario(answer(), fault=fault), Scenario(answer(), fault=fault), Scenario(answer()))
    first, later = (asyncio.run(finished_page(composed_by_model)) for _ in range(2))
    assert "Chosen by the model" not in first
    assert "Chosen by the model" in later
