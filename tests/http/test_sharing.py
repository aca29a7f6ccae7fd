"""Like shoppers share one decision: a crowd of newcomers costs one call, and each has a page."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable

import httpx
import pytest

from app.generation.generator import DEGRADED_TTL
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer, component, ends_of_components
from tests.support.stored import forget_layouts, kv_rows, pairs
from tools.support import http
from tools.support.server import Server


def stream_of(page: httpx.Response) -> str:
    return page.text.partition('data-stream="')[2].partition('"')[0]


async def finished_page(server: Server) -> str:
    """Be a new shopper; return the finished page.

    No connection is used again: on a busy machine they are idle for so long that the server closes
    them, as the next request is on its way.
    """
    once = httpx.Limits(max_keepalive_connections=0)
    async with http.AsyncClient(base_url=server.url, timeout=60, limits=once) as shopper:
        page = await shopper.get("/store")
        if stream := stream_of(page):
            await shopper.get(stream)
        return (await shopper.get("/store")).text


async def crowd(server: Server, size: int) -> list[str]:
    return await asyncio.gather(*(finished_page(server) for _ in range(size)))


@pytest.mark.process
def test_two_hundred_newcomers_at_once_cost_one_call(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), deltas_per_second=150, first_delay=1.0))
    many = {"WANDSTORE_PAGES_AT_ONCE": "250", "WANDSTORE_PAGES_PER_ADDRESS": "250"}
    server = serve(**many, **model.environment, WANDSTORE_HEAD_SECONDS="60")
    pages = asyncio.run(crowd(server, 200))
    assert len(model.requests) == 1
    assert all(page.count('data-filled-by="fallback"') == 0 for page in pages)


def test_a_newcomer_who_comes_later_costs_nothing(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    first, later = (asyncio.run(finished_page(composed_by_model)) for _ in range(2))
    assert first == later
    assert len(model.requests) == 1


def test_the_second_newcomer_gets_the_page_whole_in_the_first_answer(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    asyncio.run(finished_page(composed_by_model))
    page = http.get(f"{composed_by_model.url}/store")
    assert page.headers["x-wandstore-page"] == "kept"
    assert "shopper_demo=" in page.headers["set-cookie"]
    assert 'data-stream="' not in page.text
    assert 'data-filled-by="fallback"' not in page.text
    assert len(model.requests) == 1


def test_the_shared_page_is_kept_in_the_contracts_form(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    asyncio.run(crowd(composed_by_model, 3))
    (shared,) = pairs(composed_by_model, "plan:demo:v2_").values()
    assert [item["type"] for item in json.loads(shared)["ui"]["components"]] == list(SLOTS)
    assert shared in pairs(composed_by_model, "ui:shop_").values()


def test_an_answer_that_lacks_an_optional_part_is_shared_all_the_same(
    model_server: Server, one_model: Model
) -> None:
    for left_out in ("filters", "recommendations", "cta"):
        forget_layouts(model_server)
        asked = one_model.stand_in.request_count
        parts = [part for part in json.loads(answer())["components"] if part["type"] != left_out]
        one_model.play(Scenario(answer(*parts)))
        pages = [asyncio.run(finished_page(model_server)) for _ in range(4)]
        assert one_model.stand_in.request_count == asked + 1, left_out
        fallbacks = [page.count('data-filled-by="fallback"') for page in pages]
        assert fallbacks == [1] * 4, left_out


def test_an_answer_without_what_a_page_needs_is_shared_with_what_the_house_put_there(
    model_server: Server, one_model: Model
) -> None:
    parts = json.loads(answer())["components"]
    claims = component("hero", headline="Medically proven to help you sleep")
    answers = {
        "no hero": answer(*(part for part in parts if part["type"] != "hero")),
        "a hero that is refused": answer(claims, *parts[1:]),
        "neither hero nor grid": answer(component("cta")),
        "nothing of use": answer({"type": "carousel", "id": "hero", "config": {}}),
        "no component at all": "I would rather not.",
        "nothing, which is paid as well": "",
    }
    for what, text in answers.items():
        forget_layouts(model_server)
        asked = one_model.stand_in.request_count
        one_model.play(Scenario(text))
        first, *later = (asyncio.run(finished_page(model_server)) for _ in range(4))
        assert one_model.stand_in.request_count == asked + 2, what
        assert 'data-slot="hero" data-filled-by="hero"' in first, what
        assert later == [first] * 3, what


@pytest.mark.parametrize("components", [0, 2])
def test_an_answer_that_is_too_late_for_the_first_is_not_paid_again_for_each_newcomer(
    serve: Callable[..., Server], model: Model, components: int
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=([0, *ends_of_components(text)][components],)))
    server = serve(WANDSTORE_SLOT_SECONDS="3", **model.environment)
    at_once = asyncio.run(crowd(server, 8))
    later = [asyncio.run(finished_page(server)) for _ in range(3)]
    assert len(model.requests) == 1
    assert all('data-slot="grid" data-filled-by="grid"' in page for page in later)
    assert all('data-stream="' not in page for page in [*at_once, *later])


def test_what_the_house_helped_with_is_shared_for_a_shorter_time(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(component("cta"))))
    asyncio.run(finished_page(composed_by_model))
    rows = kv_rows(composed_by_model, "SELECT key, expires_at FROM pairs")
    left = {key.partition(":")[0]: until - time.time() for key, until in rows}
    assert 0 < left["plan"] <= DEGRADED_TTL
    assert 0 < left["ui"] <= DEGRADED_TTL


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("refuse")])
def test_what_the_house_made_while_the_model_was_down_is_no_plan(
    composed_by_model: Server, model: Model, fault: Fault
) -> None:
    model.play(Scenario(answer(), fault=fault), Scenario(answer(), fault=fault), Scenario(answer()))
    first, later = (asyncio.run(finished_page(composed_by_model)) for _ in range(2))
    assert "Chosen by the model" not in first
    assert "Chosen by the model" in later
