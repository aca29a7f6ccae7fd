"""GET /insights: to operators alone, as a page and as JSON; and `wandstore insights`."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.shopper_client import Shopper
from tests.support.stored import rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

SAME_ORIGIN = {"sec-fetch-site": "same-origin"}
TOKEN = "a-token-of-the-operators"  # noqa: S105 - made for tests
EXPERIMENT = """
holdout = 0.05

[[experiment]]
name = "pays"
arms = [{ name = "plain", page = "plain" }, { name = "house", page = "house" }]
"""


NUMBERS = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 400)"
SHOPPERS = "INSERT INTO shoppers SELECT n, 'demo', NULL, '', '', NULL FROM n"
EXPOSURES = """
INSERT INTO exposures (experiment, shopper_id, shop_id, arm, persona, at)
SELECT '{}', n, 'demo', CASE n % 2 WHEN 0 THEN '{}' ELSE '{}' END, 'newcomer', '' FROM n
"""
ORDERS = """
INSERT INTO signals (shopper_id, at, kind, fact)
SELECT n, '1', 'purchase', '{"cents":2000}' FROM n WHERE n % 10 < 2
"""


@pytest.fixture
def server(serve: StartServer, tmp_path: Path) -> Server:
    """A shop with an experiment, whose page one shopper has seen and clicked on."""
    root = tmp_path / "shop"
    root.mkdir()
    for part in ("components", "prompts", "static"):
        (root / part).symlink_to(ROOT / part)
    (root / "experiments.toml").write_text(EXPERIMENT)
    environment = {"WANDSTORE_ROOT": str(root), "WANDSTORE_OPERATOR_TOKEN": TOKEN}
    server = serve(**environment)
    with Shopper(server) as shopper:
        shopper.store()
        seen = {"slot": "grid", "by": "fallback", "products": ["dusk-lamp"]}
        click = {"slot": "grid", "by": "fallback", "product": "dusk-lamp", "place": 1}
        events = [{"kind": "shown", **seen}, {"kind": "click", **click}]
        assert shopper.post("/signals", json={"events": events}, headers=SAME_ORIGIN).is_success
    return server


def asked(server: Server, **headers: str) -> httpx.Response:
    return http.get(f"{server.url}/insights", headers=headers)


def as_json(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = asked(server, accept="application/json").json()
    return found


def test_the_report_has_who_saw_which_arm(server: Server) -> None:
    report = as_json(server)
    assert [experiment["name"] for experiment in report["experiments"]] == ["holdout", "pays"]
    assert sum(arm["visitors"] for arm in report["experiments"][0]["arms"]) == 1
    assert [row["clicked"] for row in report["products"]] == [1]
    assert (report["shop"], report["currency"]) == ("demo", "EUR")


def test_who_reported_no_page_is_no_visitor_however_far_they_went(server: Server) -> None:
    form = {"do": "add", "product": "salt-cellar", "variant": "salt-cellar"}
    with Shopper(server) as shopper:
        shopper.store()
        assert shopper.post("/basket", data=form, headers=SAME_ORIGIN).has_redirect_location
        (way_out,) = re.findall(r'href="([^"]*/checkout[^"]*)"', shopper.get("/basket").text)
        assert shopper.get(unescape(way_out)).is_success
    eventually(lambda: [row["checkouts"] for row in as_json(server)["days"]] == [1])
    held_and_rest = as_json(server)["experiments"][0]["arms"]
    assert sum(arm["visitors"] for arm in held_and_rest) == 1, "who saw the page"
    assert sum(arm["checkouts"] for arm in held_and_rest) == 0


def test_the_page_has_a_table_beside_each_chart_and_nothing_inline(server: Server) -> None:
    page = asked(server)
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text.count("<svg") == 1, "too few visitors for one of differences"
    by_persona = [it for it in as_json(server)["experiments"] if it["personas"]]
    assert page.text.count("<table>") == 5 + len(by_persona), "a single shopper"
    assert page.text.count("nothing yet.") == 2, "nothing was bought"
    assert " style=" not in page.text
    assert "<script" not in page.text
    assert "dusk-lamp" in page.text
    style = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    assert http.get(f"{server.url}{style}").headers["content-type"] == "text/css; charset=utf-8"


def test_the_page_has_intervals_once_there_are_visitors_enough(server: Server) -> None:
    """A tenth of all who saw an arm buys, and of the holdout there are far more than planned."""
    rows(server, f"{NUMBERS} {SHOPPERS}")
    rows(server, f"{NUMBERS} {EXPOSURES.format('pays', 'plain', 'house')}")
    rows(server, f"{NUMBERS} {EXPOSURES.format('holdout', 'held', 'rest')}")
    rows(server, f"{NUMBERS} {ORDERS}")
    page = asked(server)
    assert page.status_code == 200
    assert page.text.count("<svg") == 3
    assert "do not have the shares that were planned" in page.text
    assert "No difference between house and plain so far" in page.text
    assert "rest brings" not in page.text, "nothing is said of shares that are wrong"
    rows(server, "UPDATE exposures SET arm = 'renamed' WHERE arm = 'house' AND shopper_id < '2'")
    assert "the visitors of renamed, which is no arm any more" in asked(server).text


def test_the_demo_shop_shows_a_simulated_month_and_says_so_until_there_is_an_experiment(
    serve: StartServer, server: Server, tmp_path: Path
) -> None:
    shown = serve("sample", WANDSTORE_SAMPLE_INSIGHTS="1")
    report, page = as_json(shown), asked(shown)
    assert report["sample"]
    assert report["experiments"][0]["arms"][1]["difference"]["called"]
    assert report.keys() == as_json(server).keys()
    assert page.is_success
    assert "Sample data" in page.text
    assert page.text.count("<svg") == 2
    empty = asked(serve("none")).text
    assert "Sample data" not in empty
    assert "<table>" not in empty
    for title in ("No experiment is written down yet", "No shopper has been counted yet"):
        assert title in empty
    own = serve("own", WANDSTORE_SAMPLE_INSIGHTS="1", WANDSTORE_ROOT=str(tmp_path / "shop"))
    assert "Sample data" not in asked(own).text


def test_nobody_else_is_told(server: Server) -> None:
    proxied = {"x-forwarded-for": "203.0.113.9"}
    assert asked(server, host="rebound.example").status_code == 401
    refused = asked(server, **proxied)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic ")
    assert "pays" not in refused.text
    for user in (f"me:{TOKEN}", f":{TOKEN}"):
        basic = f"Basic {base64.b64encode(user.encode()).decode()}"
        assert asked(server, authorization=basic, **proxied).is_success
    assert asked(server, authorization=f"Bearer {TOKEN}", **proxied).is_success
    for wrong in ("Bearer no", "Basic no", "Basic " + base64.b64encode(b"me:no").decode(), TOKEN):
        assert asked(server, authorization=wrong, **proxied).status_code == 401


def test_a_shop_that_there_is_not_has_none(server: Server) -> None:
    assert http.get(f"{server.url}/insights?shop=none").status_code == 404
    assert http.get(f"{server.url}/insights?shop=demo").is_success


@pytest.mark.process
def test_the_command_tells_the_same(server: Server, tmp_path: Path) -> None:
    report = as_json(server)
    server.stop()

    def told(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "app", "insights", str(tmp_path / "shop"), *arguments]
        catalog = str(ROOT / "demo" / "catalog.json")
        places = {"WANDSTORE_DATA": str(server.data), "WANDSTORE_CATALOG": catalog}
        environment = {**os.environ, **places}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    found = json.loads(told("--json").stdout)
    for experiment in (*found["experiments"], *report["experiments"]):
        for arm in experiment["arms"]:
            del arm["pages"]  # one may have been recorded meanwhile
    assert found == report, "to the last digit"
    assert sum(arm["visitors"] for arm in found["experiments"][0]["arms"]) == 1
    lines = told().stdout.splitlines()
    assert lines[0] == "holdout"
    assert any("visitors" in line for line in lines)
    unknown = told("--shop", "none")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.startswith("nothing can be told: there is no shop 'none'")
