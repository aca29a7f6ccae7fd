"""The alert rules and the dashboard: each rule fires in Prometheus, and all speak of real metrics."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tools.support import http

DEPLOY = ROOT / "deploy"
RULES = (DEPLOY / "alerts.yml").read_text()
CASES = (DEPLOY / "alerts.test.yml").read_text()
ALERTS = re.findall(r"- alert: (\w+)", RULES)
NAME = re.compile(r"\bwandstore_[a-z_]+")


def test_each_alert_fires_in_prometheus_when_it_should() -> None:
    promtool = shutil.which("promtool", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if promtool is None:
        pytest.skip("no promtool here: the rules are not tried (tools/install_promtool.sh)")
    tried = subprocess.run(
        [promtool, "test", "rules", DEPLOY / "alerts.test.yml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr


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
