"""Deadlines: what has not come by then keeps its fallback, and the page ends all the same."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.fake_llm import Scenario
from tests.support.fake_model import (
    SLOTS,
    Model,
    answer,
    component,
    ends_of_components,
)
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.stored import kv_rows
from tools.support.server import Server

StartServer = Callable[..., Server]
TEXT = answer()


def remaining_seconds(server: Server) -> float:
    """Return how long the page that is kept will be kept."""
    ((expires_at,),) = kv_rows(server, "SELECT expires_at FROM pairs WHERE key LIKE 'ui:%'")
    return float(expires_at) - time.time()


def test_at_the_pages_deadline_it_ends_partial_with_what_is_there(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(TEXT, hold_after=ends_of_components(TEXT)[1:2]))
    server = serve(WANDSTORE_PAGE_SECONDS="3", **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        seen = shopper.follow(stream)
        page = shopper.store()
        trace = shopper.trace(stream)
    assert seen[-1].name == "ready"
    assert page.headers["x-wandstore-page"] == "kept"
    assert fillers(page.text) == {**dict.fromkeys(SLOTS, "fallback"), "hero": "hero", "filters": "filters"}  # fmt: skip
    assert trace["status"] == "partial"
    assert trace["counts"]["out_of_time:TIMEOUT"] == 1
    late = {note["where"] for note in trace["notes"] if note["code"] == "COMPONENT_TIMEOUT"}
    assert late == set(SLOTS[2:])


def test_a_component_past_its_slots_deadline_is_refused_and_the_page_ends_partial(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(TEXT, hold_after=ends_of_components(TEXT)[3:4]))
    late = {"WANDSTORE_SLOT_SECONDS": "1", "WANDSTORE_MODELS_SECONDS": "30"}
    server = serve(**late, **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        seen = shopper.follow(stream)
        trace = shopper.trace(stream)
        filled = fillers(shopper.store().text)
    assert seen[-1].name == "ready"
    in_time = {event.payload["slot"] for event in seen if event.name == "component"}
    assert "cta" not in in_time
    assert filled == {slot: slot if slot in in_time else "fallback" for slot in SLOTS}
    assert trace["status"] == "partial"
    assert trace["counts"]["kept_fallback:COMPONENT_TIMEOUT"] == len(SLOTS) - len(in_time)


def test_when_the_models_have_used_up_their_time_the_house_fills_what_is_needed(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(TEXT, hold_after=ends_of_components(TEXT)[:1]))
    server = serve(WANDSTORE_MODELS_SECONDS="2", **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        assert shopper.follow(stream)[-1].name == "ready"
        trace = shopper.trace(stream)
        filled = fillers(shopper.store().text)
    assert filled == {slot: slot for slot in SLOTS} | {"feature": "story"}
    assert trace["counts"]["out_of_patience:TIMEOUT"] == 1
    assert trace["model"] == "kimi-k2.6+house"
    assert remaining_seconds(server) < 121, "such a page is kept for two minutes"


def test_nothing_by_the_deadline_is_an_error_and_the_next_visit_finds_the_houses_page(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(TEXT, hold_after=(0,)))
    late = {"WANDSTORE_PAGE_SECONDS": "1", "WANDSTORE_SLOT_SECONDS": "1"}
    server = serve(**late, **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        last = shopper.follow(stream)[-1]
        assert (last.name, last.payload["code"]) == ("error", "TIMEOUT")
        page = shopper.store()
    assert page.headers["x-wandstore-page"] == "kept"
    assert fillers(page.text) == {slot: slot for slot in SLOTS}
    assert len(model.requests) == 1
    assert remaining_seconds(server) < 121, "a model may soon do better"


def test_an_answer_without_end_is_cut_at_its_bound_and_what_was_good_in_it_stays(
    composed_by_model: Server, model: Model
) -> None:
    good = answer(component("hero"), component("grid"))
    rambling = good + " and so on" * 1_000_000
    model.play(Scenario(rambling, delta_chars=8_192))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        assert shopper.follow(stream)[-1].name == "ready"
        trace = shopper.trace(stream)
    assert trace["counts"]["refused:ANSWER_TOO_LONG"] == 1
    assert trace["model"] == "kimi-k2.6"
    assert trace["status"] == "partial"


def test_the_limits_of_an_answer_are_settings(serve: StartServer, model: Model) -> None:
    model.play(Scenario(TEXT))
    few = {"WANDSTORE_COMPONENTS": "2", "WANDSTORE_COMPONENT_CHARS": "5000"}
    server = serve(**few, **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        assert shopper.trace(stream)["counts"]["refused:TOO_MANY_COMPONENTS"] >= 1
