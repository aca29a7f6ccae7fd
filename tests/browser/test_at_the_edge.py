"""What only the Worker does, in a real browser: the shop goes on while the container is down."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.waiting import eventually
from tools.support import http
from tools.support.browser import watched
from tools.support.edge import TOKEN, Edge


def told(edge: Edge, shopper: str) -> list[dict[str, Any]]:
    sql = "SELECT fact FROM signals WHERE shopper_id = ? ORDER BY id"
    asked = {"statements": [{"sql": sql, "params": [shopper]}]}
    headers = {"authorization": f"Bearer {TOKEN}"}
    answered = http.post(f"{edge.url}/_bindings/d1/", json=asked, headers=headers)
    return [json.loads(row["fact"]) for row in answered.json()["results"][0]]


def until_told(edge: Edge, shopper: str, number: int) -> list[dict[str, Any]]:
    eventually(lambda: len(told(edge, shopper)) >= number)
    return told(edge, shopper)


@pytest.mark.process
def test_what_a_page_tells_goes_to_the_worker_while_the_container_is_down(
    browser: Browser, edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer()))
    with watched(browser) as seen:
        seen.page.goto(f"{edge.url}/store")
        seen.wait_until_done()
        cookies = {item["name"]: item["value"] for item in seen.page.context.cookies()}
        shopper = cookies["shopper_demo"].split(".")[0]
        edge.kill()
        for product in ("dusk-lamp", "paper-moon"):
            seen.page.goto(f"{edge.url}/products/{product}")
            seen.page.wait_for_load_state("networkidle")
        seen.page.goto(f"{edge.url}/store")
        facts = until_told(edge, shopper, 2)
        assert [fact["products"] for fact in facts if fact["kind"] == "view"] == [
            ["dusk-lamp"],
            ["paper-moon"],
        ]
        assert seen.page.locator("[data-filled-by=fallback]").count() == 0
        assert seen.violations() == []
