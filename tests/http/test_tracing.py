"""What a collector of OpenTelemetry is told of pages and calls, and what it costs where it fails."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from app.domain.persona import NEWCOMER
from tests.conftest import StartServer
from tests.support.collector import Collector, collecting
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import KEY, Model, answer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

PARENT = f"00-{'a1' * 16}-{'b2' * 8}-01"


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collecting(monkeypatch) as made:
        yield made


def composed(server: Server) -> str:
    """Have a page composed by a visit; return how the next visit gets it."""
    with Shopper(server) as shopper:
        assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
        return shopper.store().headers["x-wandstore-page"]


def test_a_page_is_a_span_and_each_call_one_within_it(
    serve: StartServer, model: Model, collector: Collector
) -> None:
    model.play(Scenario(answer(), fault=Fault("status", status=503)), Scenario(answer()))
    server = serve(**model.environment, **collector.environment)
    assert composed(server) == "kept"
    eventually(lambda: len(collector.spans) == 3)
    page = next(span for span in collector.spans if span["name"] == "compose page")
    calls = [span for span in collector.spans if span["name"] == "chat kimi-k2.6"]
    assert page["parent"] == ""
    assert {span["trace"] for span in calls} == {page["trace"]}
    assert {span["parent"] for span in calls} == {page["id"]}
    assert page["wandstore.shop"] == "demo"
    assert (page["wandstore.persona"], page["wandstore.status"]) == (NEWCOMER.type, "success")
    assert page["wandstore.first_component_ms"] >= 0
    port = urlsplit(model.environment["KIMI_BASE_URL"]).port
    failed, answered = sorted(calls, key=lambda span: not span["failed"])
    for call in calls:
        assert call["gen_ai.operation.name"] == "chat"
        assert call["gen_ai.provider.name"] == "openai"
        assert call["gen_ai.request.model"] == "kimi-k2.6"
        assert call["gen_ai.request.stream"] is True
        assert (call["server.address"], call["server.port"]) == ("127.0.0.1", port)
    assert failed["error.type"] == "MODEL_UNAVAILABLE"
    assert "error.type" not in answered
    assert answered["gen_ai.response.finish_reasons"] == ["stop"]
    assert answered["gen_ai.usage.input_tokens"] > 0
    assert answered["gen_ai.usage.output_tokens"] > 0
    assert [request.headers["traceparent"].rpartition("-")[0] for request in model.requests] == [
        f"00-{span['trace']}-{span['id']}" for span in (failed, answered)
    ]
    assert collector.resource["service.name"] == "wandstore"
    sent = 'wandstore_events_total{part="tracing",event="sent"} 3'
    eventually(lambda: sent in http.get(f"{server.url}/metrics").text)


def test_a_page_belongs_to_the_trace_of_the_worker_that_asks_for_it(
    serve: StartServer, model: Model, collector: Collector
) -> None:
    model.play(Scenario(answer()))
    server = serve(**model.environment, **collector.environment)
    body = {
        "shopper_id": f"shop_{'5' * 32}",
        "persona": {"type": "newcomer", "confidence": 0, "signals": {}},
        "shop": {"shop_id": "demo"},
    }
    headers = {"traceparent": PARENT}
    assert http.post(f"{server.url}/generate", json=body, headers=headers, timeout=60).is_success
    eventually(lambda: len(collector.spans) == 2)
    page = next(span for span in collector.spans if span["name"] == "compose page")
    assert (page["trace"], page["parent"]) == tuple(PARENT.split("-")[1:3])
    (asked,) = model.requests
    assert asked.headers["traceparent"].startswith(PARENT[:36])


def test_a_header_that_names_no_trace_begins_one(
    serve: StartServer, model: Model, collector: Collector
) -> None:
    model.play(Scenario(answer()))
    server = serve(**model.environment, **collector.environment)
    odd = [b"", b"-", b"00", b"\xff" * 55, PARENT.encode() * 400, PARENT.encode() + b"-x"]
    odd += [f"ff{PARENT[2:]}".encode(), f"00-{'0' * 32}-{'b2' * 8}-01".encode()]
    for at, header in enumerate(odd):
        persona = {"type": "explorer", "confidence": at / 20, "signals": {}}
        body = {"shopper_id": f"shop_{at:032x}", "persona": persona, "shop": {"shop_id": "demo"}}
        headers = {b"traceparent": header}
        told = http.post(f"{server.url}/generate", json=body, headers=headers, timeout=60)
        assert told.json()["status"] == "success"
    eventually(lambda: sum(it["name"] == "compose page" for it in collector.spans) == len(odd))
    traces = {span["trace"] for span in collector.spans}
    assert (len(traces), PARENT[3:35] in traces) == (len(odd), False)
    for asked in model.requests:
        assert asked.headers["traceparent"][3:35] in traces


def test_no_span_names_a_shopper_or_quotes_what_is_written(
    serve: StartServer, model: Model, collector: Collector
) -> None:
    model.play(Scenario(answer()))
    server = serve(**model.environment, **collector.environment)
    composed(server)
    eventually(lambda: len(collector.spans) == 2)
    sent = b"".join(collector.bodies)
    assert b"compose page" in sent
    (asked,) = model.requests
    written = [message["content"][:40] for message in asked.body["messages"]]
    for private in (KEY, "shop_", "shopper", *written):
        assert private.encode() not in sent


@pytest.mark.parametrize("trouble", ["hangs", "fails", "is not there"])
def test_a_collector_that_does_not_answer_costs_no_page_anything(
    serve: StartServer, model: Model, collector: Collector, trouble: str
) -> None:
    model.play(Scenario(answer()))
    if trouble == "hangs":
        collector.going_on.clear()
    collector.status = 500
    environment = collector.environment
    if trouble == "is not there":
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    server = serve(**model.environment, **environment)
    assert composed(server) == "kept"
    lost = 'wandstore_events_total{part="tracing",event="lost"}'
    eventually(lambda: lost in http.get(f"{server.url}/metrics").text)
    assert http.get(f"{server.url}/store").headers["x-wandstore-page"] == "kept"
    assert "opentelemetry" not in server.log


def test_a_setting_of_the_sdk_that_makes_no_sense_costs_the_spans_alone(
    serve: StartServer, model: Model, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    model.play(Scenario(answer()))
    server = serve(**model.environment, **collector.environment)
    assert composed(server) == "kept"
    assert "no spans are made" in server.log
    assert collector.spans == []


def test_without_a_collector_nothing_of_it_is_sent(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    assert composed(composed_by_model) == "kept"
    (asked,) = model.requests
    assert "traceparent" not in asked.headers
    assert 'part="tracing"' not in http.get(f"{composed_by_model.url}/metrics").text
