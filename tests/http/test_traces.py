"""Traces: what happened to a page, for those who develop, and one line for those who operate."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.pages import jobs
from tests.support.fake_llm import Fault, Scenario, Usage
from tests.support.fake_model import Model, answer, component
from tests.support.shopper_client import Shopper, stream_of
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]


def test_a_trace_has_sizes_times_codes_and_costs(composed_by_model: Server, model: Model) -> None:
    model.play(
        Scenario("", fault=Fault("status", status=503)),
        Scenario(
            answer(component("hero"), component("grid", title="$9 off")), usage=Usage(900, 80)
        ),
        Scenario(answer(component("grid")), usage=Usage(700, 40)),
    )
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        trace = shopper.trace(stream)
    told = [(note["what"], note["code"], note["where"]) for note in trace["notes"]]
    kimi = "kimi-k2.6"
    assert told[0][:2] == ("asked", kimi)
    assert told[0][2].startswith("6 slots, 20 products, ")
    assert told[1] == ("retried", "MODEL_UNAVAILABLE", "HTTP 503")
    assert ("drawn", "hero", "hero") in told
    assert ("refused", "PRICE_IN_COPY", "grid.title") in told
    assert ("model_ended", "stop", "900+80 tokens") in told
    assert ("followed_up", kimi, "grid") in told
    assert ("model_ended", "stop", "700+40 tokens") in told
    times = [note["at"] for note in trace["notes"]]
    assert times == sorted(times)
    assert trace["tokens"] == {"prompt": 1600, "completion": 120, "cached": 0}
    assert trace["status"] == "partial"


def test_the_end_of_a_page_leaves_one_line_in_the_log(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        cookie = shopper.cookies["shopper_demo"]
    (line,) = composed_by_model.logged("page")
    assert (line["level"], line["logger"]) == ("INFO", "wandstore.pages")
    assert line["status"] == "success"
    assert line["counts"]["drawn:hero"] == 1
    assert cookie.partition(".")[0] not in composed_by_model.log


@pytest.mark.parametrize("design", ["0", "", "true", "on"])
def test_traces_are_for_development_only(serve: StartServer, design: str) -> None:
    server = serve(WANDSTORE_DESIGN=design)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        page_id = stream.rpartition("/")[2]
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1", "Host": "localhost"}):
            assert shopper.get(f"/debug/pages/{page_id}", headers=headers).status_code == 404


def test_a_page_nobody_knows_has_no_trace_and_traces_are_bounded_in_number(
    serve: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "_MOST_TRACES", 4)
    server = serve(WANDSTORE_DESIGN="1", WANDSTORE_HOUSE_PACE="20", WANDSTORE_GRACE="0")
    allowed = {"Cookie": server.workbench_cookie}
    with http.Client(base_url=server.url) as client:
        streams = []
        for _ in range(6):
            client.cookies.clear()
            streams.append(stream_of(client.get("/store").text))
        assert all(streams)
        pages = ("nobody", *(streams[at].rpartition("/")[2] for at in (0, -1)))
        found = [client.get(f"/debug/pages/{page}", headers=allowed).status_code for page in pages]
        assert found == [404, 404, 200]
        keyless = client.get("/debug/pages/nobody").status_code
        assert keyless == 403, "without the key there is nothing to know"
