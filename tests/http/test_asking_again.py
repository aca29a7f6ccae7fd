"""Asking again, in small: for the slots a page cannot do without, once, with the reasons."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import Model, answer, component, demo_products
from tests.support.shopper_client import slots
from tools.support import http
from tools.support.server import Server


def asked_slots(model: Model) -> list[str]:
    """Return what each request asked for, in the brief's words."""
    briefs = [request.body["messages"][1]["content"] for request in model.requests]
    return [brief.rpartition("these slots: ")[2].partition(".")[0] for brief in briefs]


def finished(server: Server) -> httpx.Response:
    """Return a new shopper's page once it has ended."""
    with http.Client(base_url=server.url, timeout=30) as shopper:
        page = shopper.get("/store")
        stream = page.text.partition('data-stream="')[2].partition('"')[0]
        shopper.get(stream)
        return shopper.get("/store")


def test_a_required_slot_that_was_refused_is_asked_for_once_more_with_the_reason(
    composed_by_model: Server, model: Model
) -> None:
    first = answer(component("hero"), component("grid", product_ids=["made-up"]), component("cta"))
    model.play(Scenario(first), Scenario(answer(component("grid"))))
    page = finished(composed_by_model)
    assert asked_slots(model) == ["hero, filters, grid, feature, recommendations, cta", "grid"]
    assert "grid.product_ids.0: UNKNOWN_PRODUCT" in model.requests[1].body["messages"][1]["content"]
    assert 'data-slot="grid" data-filled-by="grid"' in page.text
    assert 'data-slot="filters" data-filled-by="fallback"' in page.text


def test_what_is_sold_out_may_not_lead_and_the_model_is_told_so(
    composed_by_model: Server, model: Model
) -> None:
    gone = [item["id"] for item in demo_products() if item.get("stock") == 0]
    others = component("grid")["config"]["product_ids"][:4]
    first = [component("hero", product_id=gone[0]), component("grid", product_ids=gone + others)]
    model.play(Scenario(answer(*first)), Scenario(answer(component("hero"))))
    page = finished(composed_by_model).text
    assert asked_slots(model)[1:] == ["hero"]
    assert "hero.product_id: SOLD_OUT_LEADS" in model.requests[1].body["messages"][1]["content"]
    assert f"/products/{gone[0]}" not in slots(page)["hero"][1]
    shelf = slots(page)["grid"][1]
    assert shelf.index(others[-1]) < shelf.index(gone[0]), "what is sold out stands at the end"


def test_the_same_model_is_not_asked_a_third_time(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer(component("cta"))))
    page = finished(composed_by_model)
    assert asked_slots(model) == [
        "hero, filters, grid, feature, recommendations, cta",
        "hero, grid",
    ]
    assert 'data-slot="hero" data-filled-by="hero"' in page.text, "the house fills what is needed"
    assert "There is a kettle on" in page.text


def test_an_answer_that_broke_off_is_finished_by_the_next_composer_not_started_over(
    serve: Callable[..., Server], model: Model
) -> None:
    text = answer()
    broken = Scenario(text, fault=Fault("cut", "chars", at=text.index('{"type": "grid"')))
    model.play(broken, model="first")
    model.play(Scenario(answer(component("grid"))), model="second")
    claude = {"CLAUDE_BASE_URL": model.stand_in.base_url, "CLAUDE_API_KEY": "key"}
    server = serve(KIMI_MODEL="first", CLAUDE_MODEL="second", **claude, **model.environment)
    page = finished(server)
    asked = [request.model for request in model.requests]
    assert asked == ["first", "second"]
    assert model.requests[1].body["messages"][0]["content"].count("hero, filters") == 0
    for slot in ("hero", "filters", "grid"):
        assert f'data-slot="{slot}" data-filled-by="{slot}"' in page.text
