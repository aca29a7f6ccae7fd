"""Worker and container tell operators in the same words what each of them did."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from app.metrics.registry import Metrics
from tests.conftest import StartServer
from tests.support.collector import collecting
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.edge import SECRETS, Edge, Worker, behind_worker

OPERATOR = {"authorization": f"Bearer {SECRETS['WANDSTORE_OPERATOR_TOKEN']}"}


def told(address: str) -> str:
    page = http.get(address, headers=OPERATOR)
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return page.text


def words(text: str) -> dict[str, set[tuple[str, ...]]]:
    """Return each metric with what is said of it, and the labels of its samples and buckets."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for kind, name, rest in re.findall(r"^# (HELP|TYPE) (\S+) (.*)$", text, re.MULTILINE):
        found.setdefault(name, set()).add((kind, rest))
    for name, labels in re.findall(r"^(wandstore_\w+)\{(.*)\} \S+$", text, re.MULTILINE):
        metric = re.sub(r"_(bucket|sum|count)$", "", name)
        bounds = re.findall(r'le="(.*?)"', labels)
        found[metric].add((name, *re.findall(r'(\w+)="', labels), *bounds))
    return found


def test_both_tell_with_the_same_names_meanings_and_labels(edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    visits = 'wandstore_visits_total{outcome="kept"}'
    with Shopper(edge) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        assert shopper.store().headers["x-wandstore-page"] == "kept"
    eventually(lambda: visits in told(f"{edge.url}/metrics"))
    ours = Metrics()
    ours.visits.add("kept")
    ours.storage.observe(1, "kv", "read")
    ours.storage_errors.add("kv", "read")
    known = words(ours.render({"stream": Counter(resumed=1)}, []).decode())
    shared = words(told(f"{edge.url}/metrics"))
    assert set(shared) == {name for name, said in known.items() if len(said) > 2}
    for name, said in shared.items():
        assert said <= known[name], name
        assert len(said) > 2 or name == "wandstore_storage_errors_total", "no sample"
    container = words(told(f"{edge.container.url}/metrics"))
    assert set(words(told(f"{edge.url}/metrics?instance=shop-0"))) == set(container)


def test_a_page_is_one_trace_from_the_worker_through_the_container_to_the_model(
    worker: Worker, serve: StartServer, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.play(Scenario(answer()))
    worker.forget_plans()
    with collecting(monkeypatch) as collector:
        port = int(worker.container.rpartition(":")[2])
        environment = {**behind_worker(worker), **model.environment, **collector.environment}
        edge = Edge(worker, serve("container", port, **environment))
        before = len(worker.told("composing")), len(worker.told("stream"))
        with Shopper(edge) as shopper:
            shopper.follow(stream_of(shopper.store().text))
        eventually(lambda: len(collector.spans) == 2)
        eventually(lambda: len(worker.told("composing")) > before[0])
        eventually(lambda: len(worker.told("stream")) > before[1])
    asked = {worker.told(event)[-1]["trace"] for event in ("composing", "stream")}
    page, call = (
        next(span for span in collector.spans if span["name"].startswith(name))
        for name in ("compose page", "chat")
    )
    begun = page["trace"]
    assert begun in asked, "that of whichever request the container got first"
    assert call["trace"] == begun
    assert page["parent"], "the span of the Worker"
    assert call["parent"] == page["id"]
    assert model.requests[0].headers["traceparent"] == f"00-{begun}-{call['id']}-01"


def test_the_report_of_the_worker_has_the_keys_of_the_containers(edge: Edge) -> None:
    json = {**OPERATOR, "accept": "application/json"}
    own = http.get(f"{edge.url}/status", headers=json).json()
    container = http.get(f"{edge.container.url}/status", headers=json).json()
    beside = {"events", "instances"}
    assert set(own) - set(container) == beside
    assert own["instances"] == ["shop-0"]
    assert http.get(f"{edge.url}/status").status_code == 401
