"""What an operator watches: told as it happened, to operators alone."""

from __future__ import annotations

import re

import httpx

from tests.conftest import StartServer
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer, component
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

TOKEN = "a-token-of-the-operators"  # noqa: S105 - made for tests


def metrics(server: Server) -> dict[str, float]:
    """Return the samples by name and labels."""
    page = http.get(f"{server.url}/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in page.text.splitlines() if not line.startswith("#")]
    samples = [re.fullmatch(r"([a-z_]+(?:\{.*\})?) (\S+)", line) for line in lines]
    return {found[1]: float(found[2]) for found in samples if found}


def labelled(server: Server, name: str) -> dict[str, float]:
    """Return a metric's samples by the value of their only label."""
    found = {re.fullmatch(rf'{name}{{\w+="(.*)"}}', key): n for key, n in metrics(server).items()}
    return {match[1]: number for match, number in found.items() if match}


def finished(shopper: Shopper) -> None:
    assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"


def test_visits_are_counted_by_what_they_got(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as first, Shopper(composed_by_model) as second:
        finished(first)
        for shopper in (second, first, second):
            assert shopper.store().headers["x-wandstore-page"] == "kept"
        second.head("/store")
    http.get(f"{composed_by_model.url}/store", headers={"user-agent": "bot/1"})
    visits = labelled(composed_by_model, "wandstore_visits_total")
    assert visits == {"shell": 1, "whole": 1, "kept": 2}


def test_who_shares_a_page_comes_back_to_it_without_kv(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer()))
    server = serve(WANDSTORE_PAGE_MEMORY_SECONDS="3600", **model.environment)
    with Shopper(server) as first, Shopper(server) as second:
        finished(first)
        second.store()
        reads = 'wandstore_storage_seconds_count{store="kv",operation="read"}'
        before = metrics(server)[reads]
        pages = [second.store().content for _ in range(3)]
        assert metrics(server)[reads] == before
        assert set(pages) == {first.store().content}


def test_a_page_is_told_with_who_filled_it_and_what_it_took(
    composed_by_model: Server, model: Model
) -> None:
    broken = '{"type": "hero", "id": "hero", "config": {"headline": 7}}'
    model.play(Scenario(f"{broken}\n{answer()}"))
    with Shopper(composed_by_model) as shopper:
        finished(shopper)
    eventually(lambda: labelled(composed_by_model, "wandstore_pages_total") == {"success": 1})
    found = metrics(composed_by_model)
    assert labelled(composed_by_model, "wandstore_slots_total") == {
        "kimi-k2.6": len(SLOTS),
        "fallback": 0,
    }
    assert sum(labelled(composed_by_model, "wandstore_refusals_total").values()) == 1
    assert found["wandstore_composing_seconds_count"] == 1
    assert found["wandstore_first_component_seconds_count"] == 1
    assert found['wandstore_composing_seconds_bucket{le="+Inf"}'] == 1
    assert found['wandstore_tokens_total{kind="completion"}'] > 0
    called = 'wandstore_model_calls_total{model="kimi-k2.6",outcome="answered",status="200"}'
    assert found[called] == 1
    assert 0 < found['wandstore_budget_used_ratio{shop="demo",kind="calls"}'] < 1
    assert found["wandstore_pages_composing"] == found["wandstore_journal_readers"] == 0
    assert found["wandstore_catalog_modified_timestamp_seconds"] > 0
    assert found['wandstore_storage_seconds_count{store="kv",operation="write"}'] >= 2


def test_a_page_whose_model_was_unreachable_is_no_success(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), fault=Fault("status", status=503)))
    with Shopper(composed_by_model) as shopper:
        finished(shopper)
    eventually(lambda: labelled(composed_by_model, "wandstore_pages_total") == {"degraded": 1})
    failed = (
        'wandstore_model_calls_total{model="kimi-k2.6",outcome="MODEL_UNAVAILABLE",status="503"}'
    )
    assert metrics(composed_by_model)[failed] == 2
    assert '"status": "degraded"' in composed_by_model.log
    record = "SELECT status, error_message FROM ui_generations"
    eventually(lambda: rows(composed_by_model, record) == [("completed", "MODEL_UNAVAILABLE")])


def test_what_strangers_and_models_make_up_makes_no_series(
    serve: StartServer, model: Model
) -> None:
    server = serve(**model.environment)

    def series(word: str) -> set[str]:
        """Have a word in everything that is sent, and in what the model answers."""
        odd = {"type": word, "id": word, "config": {word: word}}
        model.play(Scenario(answer(component("hero", headline=word), odd)))
        ours = {"sec-fetch-site": "same-origin", "user-agent": word, "traceparent": word}
        shop = {"shop_id": word, "products": [{"id": word, "title": word, "price": 1}]}
        persona = {"type": "explorer", "confidence": 0.9, "signals": {}}
        page = {"shopper_id": f"shop_{len(word):032x}", "persona": persona, "shop": shop}
        with http.Client(base_url=server.url, headers=ours, timeout=60) as stranger:
            for path in ("", "s/", "products/", "static/", "s/demo/stream/", "store?q=", "store?"):
                stranger.get(f"/{path}{word}={word}")
            stranger.request(word.upper(), "/store")
            stranger.post("/generate", json=page)
            stranger.post("/generate", json={**page, "persona": {**persona, "type": word}})
            stranger.post("/basket", data={"do": word, "product": word})
            stranger.get("/store")
            for kind in ("view", "shown", word):
                event = {
                    "kind": kind,
                    "product": word,
                    "slot": word,
                    "by": word,
                    "products": [word],
                }
                stranger.post("/signals", json={"events": [event]})
        return {name for name in metrics(server) if word in name.lower()}

    assert series("madeup") == set()


def test_who_comes_through_a_proxy_or_by_a_name_of_their_own_needs_the_token(
    serve: StartServer,
) -> None:
    signs = ("x-forwarded-for", "x-forwarded-host", "forwarded", "via", "x-real-ip", "host")
    known = {"authorization": f"Bearer {TOKEN}"}
    for environment in ({}, {"WANDSTORE_OPERATOR_TOKEN": TOKEN}):
        url = f"{serve(f'data{len(environment)}', **environment).url}/metrics"
        for proxied in ({sign: "192.0.2.1"} for sign in signs):
            refused = http.get(url, headers=proxied)
            assert (refused.status_code, "wandstore_" in refused.text) == (401, False)
            for given in ("", "Bearer", f"Bearer {TOKEN}x", TOKEN):
                wrong = http.get(url, headers={**proxied, "authorization": given})
                assert wrong.status_code == httpx.codes.UNAUTHORIZED
            status = httpx.codes.OK if environment else httpx.codes.UNAUTHORIZED
            assert http.get(url, headers={**proxied, **known}).status_code == status


def test_the_workers_credential_does_not_close_it_to_operators(serve: StartServer) -> None:
    server = serve(WORKER_SECRET="a secret of the worker")  # noqa: S106 - made for tests
    assert http.get(f"{server.url}/metrics").status_code == httpx.codes.OK
    assert http.get(f"{server.url}/store").status_code == httpx.codes.UNAUTHORIZED
