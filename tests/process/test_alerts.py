"""The alert rules and the dashboard: each rule fires in Prometheus, and all speak of real metrics."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import Model
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import break_kv
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import HeldPort, find_program

DEPLOY = ROOT / "deploy"
RULES = (DEPLOY / "alerts.yml").read_text()
CASES = (DEPLOY / "alerts.test.yml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)
NAME = re.compile(r"\bwandstore_[a-z_]+")


def program_of(name: str) -> str:
    """Return where a program of Debian's package is, or skip the test."""
    found = find_program(name)
    if found is None:
        pytest.skip(f"no {name} here: the rules are not tried (tools/install.sh)")
    return found


def test_each_alert_fires_in_prometheus_when_it_should() -> None:
    tried = subprocess.run(
        [program_of("promtool"), "test", "rules", DEPLOY / "alerts.test.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


def test_each_alert_fires_by_what_a_shop_in_trouble_tells(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    program = program_of("prometheus")
    catalog = tmp_path / "catalog.json"
    catalog.write_text((ROOT / "demo" / "catalog.json").read_text())
    os.utime(catalog, (0, 0))
    model.play(Scenario("", fault=Fault("status", status=401)))
    money = {"WANDSTORE_CALLS_PER_HOUR": "5", **model.environment}
    shop = serve(WANDSTORE_CATALOG=str(catalog), **money)
    break_kv(shop)
    (tmp_path / "rules.yml").write_text(hastened(RULES))
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "scrape_configs": [
            {
                "job_name": "shop",
                "static_configs": [{"targets": [shop.url.removeprefix("http://")]}],
            }
        ],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
    with HeldPort() as port, (tmp_path / "prometheus.log").open("w") as log:
        command = [program, f"--config.file={tmp_path}/prometheus.yml"]
        command += [f"--storage.tsdb.path={tmp_path}/series"]
        command += [f"--web.listen-address=127.0.0.1:{port.number}"]
        prometheus = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path)
        fired: set[str] = set()
        made: list[str] = []

        def all_fire() -> bool:
            """Visit, have the shop stopped for moments, and see what it brings once it is read."""
            with Shopper(shop) as shopper:
                shopper.follow(stream_of(shopper.store().text))
            for _ in range(3):
                os.kill(shop.pid, signal.SIGSTOP)
                time.sleep(0.4)
                os.kill(shop.pid, signal.SIGCONT)
            made.append(str(len(made) + 1))
            eventually(lambda: visits(port.url) == made[-1:])
            alerts = ask(f"{port.url}/api/v1/alerts").get("alerts", [])
            fired.update(it["labels"]["alertname"] for it in alerts if it["state"] == "firing")
            return fired == set(ALERTS)

        try:
            eventually(lambda: health_of_rules(port.url) == {"ok"})
            eventually(all_fire, 90)
        finally:
            prometheus.kill()
            prometheus.wait()


def hastened(rules: str) -> str:
    """Return the rules over seconds in place of minutes, and for the few visits of a test."""
    sooner = re.sub(r"\[\d+m\]", "[30s]", re.sub(r"for: \w+", "for: 0s", rules))
    return sooner.replace("> 15\n", "> 0.01\n").replace(">= 50", ">= 1")


def ask(address: str) -> dict[str, Any]:
    """Return what Prometheus answers, nothing while it does not."""
    try:
        found = http.get(address).json()
    except (httpx.HTTPError, ValueError):
        return {}
    return dict(found.get("data", {})) if isinstance(found, dict) else {}


def health_of_rules(prometheus: str) -> set[str]:
    groups = ask(f"{prometheus}/api/v1/rules").get("groups", [])
    rules = [rule for group in groups for rule in group["rules"]]
    assert [rule["name"] for rule in rules] in ([], ALERTS)
    return {rule["health"] for rule in rules}


def visits(prometheus: str) -> list[str]:
    found = ask(f"{prometheus}/api/v1/query?query=sum(wandstore_visits_total)").get("result", [])
    return [sample["value"][1] for sample in found]


def test_each_alert_has_a_case_in_which_it_fires() -> None:
    assert len(ALERTS) >= 5
    fired = re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n\s+- exp_labels", CASES)
    assert sorted(fired) == sorted(ALERTS)


def test_rules_and_dashboard_speak_of_metrics_that_there_are(serve: StartServer) -> None:
    there = set(re.findall(r"^# TYPE (\S+)", http.get(f"{serve().url}/metrics").text, re.MULTILINE))
    assert {f"wandstore_{name}" for name in ("visits_total", "composing_seconds")} <= there
    there |= {"wandstore_budget_used_ratio"}  # where models are paid for
    panels = json.loads((DEPLOY / "dashboard.json").read_text())["panels"]
    told = [RULES, CASES, *(target["expr"] for panel in panels for target in panel["targets"])]
    named = {name.removesuffix("_bucket") for text in told for name in NAME.findall(text)}
    assert named <= there
