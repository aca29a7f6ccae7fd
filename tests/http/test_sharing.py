"""Like shoppers share one decision: a crowd of newcomers costs one call, and each has a page."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing

import httpx
import pytest

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tools.support.server import Server


def stream_of(page: httpx.Response) -> str:
    return page.text.partition('data-stream="')[2].partition('"')[0]


async def finished_page(server: Server) -> str:
    """Be a new shopper; return the finished page."""
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as shopper:
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
    with closing(sqlite3.connect(composed_by_model.data / "kv.sqlite3")) as kv, kv:
        pairs = dict(kv.execute("SELECT key, value FROM pairs").fetchall())
    plans = [json.loads(value) for key, value in pairs.items() if key.startswith("plan:demo:v2_")]
    assert len(plans) == 1
    assert [item["type"] for item in plans[0]["components"]] == list(SLOTS)
    assert b"price" not in b"".join(v for key, v in pairs.items() if key.startswith("plan:"))
    assert sum(key.startswith("ui:shop_") for key in pairs) == 3


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("refuse")])
def test_what_the_house_made_while_the_model_was_down_is_no_plan(
    composed_by_model: Server, model: Model, fault: Fault
) -> None:
    model.play(Scenario(answer(), fault=fault), Scenario(answer(), fault=fault), Scenario(answer()))
    first, later = (asyncio.run(finished_page(composed_by_model)) for _ in range(2))
    assert "Chosen by the model" not in first
    assert "Chosen by the model" in later
