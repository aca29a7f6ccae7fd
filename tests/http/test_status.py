"""GET /status: to operators alone, what the health check and the metrics say, on one page."""

from __future__ import annotations

import base64
import re
from typing import Any

import httpx

from app.domain.experiments import PLAIN
from app.metrics.registry import HITS
from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

TOKEN = "a-token-of-the-operators"  # noqa: S105 - made for tests


def page_of(server: Server, **headers: str) -> httpx.Response:
    return http.get(f"{server.url}/status", headers=headers)


def report_of(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = page_of(server, accept="application/json").json()
    return found


def visit(server: Server, model: Model, scenario: Scenario) -> None:
    """Let a shopper come twice: to the shell, and to the page composed by then."""
    model.play(scenario)
    with Shopper(server) as shopper:
        assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
        assert shopper.store().headers["x-wandstore-page"] == "kept"
    eventually(lambda: report_of(server)["composing"]["ended"])


def test_the_report_says_how_the_shop_does(composed_by_model: Server, model: Model) -> None:
    before = report_of(composed_by_model)
    assert (before["hit_rate"], before["composing"]["within_5_seconds"]) == (None, None)
    visit(composed_by_model, model, Scenario(answer()))
    report = report_of(composed_by_model)
    health = http.get(f"{composed_by_model.url}/health").json()
    assert {key: report[key] for key in ("status", "version", "checks")} == {
        key: health[key] for key in ("status", "version", "checks")
    }
    assert (report["hit_rate"], report["visits"]) == (0.5, {"kept": 1, "shell": 1})
    assert report["composing"]["ended"] == {"success": 1}
    assert report["composing"]["within_15_seconds"] in (0, 1)
    assert report["providers"] == {"kimi": "ok"}
    call = {"model": "kimi-k2.6", "outcome": "answered", "status": "200", "calls": 1}
    assert report["calls"] == [call]
    assert report["tokens"]["completion"] > 0
    budgets = {(budget["shop"], budget["kind"]): budget["used"] for budget in report["budgets"]}
    assert 0 < budgets["demo", "calls"] < 1
    assert report["catalog_age_seconds"] > 0


def test_the_page_says_what_the_report_says(composed_by_model: Server, model: Model) -> None:
    visit(composed_by_model, model, Scenario(answer()))
    page = page_of(composed_by_model)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Status: healthy</h1>" in page.text
    assert 'role="alert"' not in page.text
    for row in (
        "<p>50.0 % found a page that was ready.</p>",
        "<tr><th>kv_connection</th><td>ok</td></tr>",
        "<tr><th>success</th><td>1</td></tr>",
        "<tr><th>kimi</th><td>ok</td></tr>",
        "<tr><th>kimi-k2.6</th><td>answered</td><td>200</td><td>1</td></tr>",
        "<tr><th>demo</th><td>calls</td><td>0.1 %</td></tr>",
    ):
        assert row in page.text
    assert re.search(r"Catalog, last written</th><td>[0-9]+ \w+ ago</td>", page.text)
    assert " style=" not in page.text
    assert "<script" not in page.text


def test_what_is_wrong_stands_above_all(composed_by_model: Server, model: Model) -> None:
    visit(composed_by_model, model, Scenario(answer(), fault=Fault("status", status=401)))
    page = page_of(composed_by_model).text
    trouble = http.get(f"{composed_by_model.url}/health").json()["checks"]["llm_api"]
    assert trouble.startswith("kimi: failing")
    assert "<h1>Status: degraded</h1>" in page
    warning = f'<p class="warning" role="alert">llm_api: {trouble}</p>'
    assert page.index(warning) < page.index("<h2>")
    assert "<tr><th>degraded</th><td>1</td></tr>" in page


def test_without_a_model_it_says_that_nothing_is_spent(serve: StartServer) -> None:
    page = page_of(serve()).text
    assert "No model is configured" in page
    assert "budget" not in page


def test_nobody_else_is_told(serve: StartServer) -> None:
    server = serve(WANDSTORE_OPERATOR_TOKEN=TOKEN, WORKER_SECRET="a secret of the worker")  # noqa: S106 - made for tests
    proxied = {"x-forwarded-for": "203.0.113.9"}
    assert page_of(server, host="rebound.example").status_code == 401
    refused = page_of(server, **proxied)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert "Checks" not in refused.text
    basic = f"Basic {base64.b64encode(f'me:{TOKEN}'.encode()).decode()}"
    for known in (basic, basic.replace("Basic", "basic"), f"Bearer {TOKEN}", f"bearer {TOKEN}"):
        assert page_of(server, authorization=known, **proxied).is_success
    for wrong in ("Bearer no", "Basic no", TOKEN):
        assert page_of(server, authorization=wrong, **proxied).status_code == 401
    assert page_of(server).is_success, "on the machine itself"


def test_a_hit_is_what_the_alert_rules_call_one() -> None:
    rules = (ROOT / "deploy" / "alerts.yml").read_text()
    assert re.findall(r'wandstore_visits_total{outcome!~"(.*?)"}', rules) == [
        "|".join((*HITS, PLAIN))
    ]
