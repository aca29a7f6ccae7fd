"""Pages that are come back to, and pages that are fetched before anybody comes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, ends_of_components
from tests.support.flaky_proxy import CuttingProxy, cutting
from tests.support.stored import rows
from tests.support.waiting import eventually
from tools.support.browser import (
    FLAGS,
    chromium_path,
    launch_with_back_forward_cache,
    watched,
    whole_chromium_path,
)
from tools.support.server import Server

# A merchant's own page, which prepares the shop and goes there when it is told to.
_RULES = {"prerender": [{"urls": ["/store"], "eagerness": "immediate"}]}
_HOME = f"""<!doctype html><title>-</title><a href="/store">The shop</a>
<script type="speculationrules">{json.dumps(_RULES)}</script>
<script>setInterval(async () => (await fetch("/go")).ok && document.links[0].click(), 200)</script>"""


@pytest.fixture(scope="module")
def remembering(playwright: Playwright) -> Iterator[Browser]:
    """A browser with a back/forward cache."""
    path = whole_chromium_path()
    if path is None:
        pytest.skip("the headless shell has no back/forward cache; install Chromium to test it")
    made = launch_with_back_forward_cache(playwright, path)
    yield made
    made.close()


@pytest.fixture
def composed_by_model(in_both_shapes: Server) -> Server:
    return in_both_shapes


def leave_and_come_back(page: Page, url: str) -> list[str]:
    """Look at something else and go back; return why the page was not kept meanwhile."""
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    refused: list[str] = []

    def refuse(event: dict[str, Any]) -> None:
        refused.extend(item["reason"] for item in event["notRestoredExplanations"])

    session.on("Page.backForwardCacheNotUsed", refuse)
    page.evaluate("addEventListener('pageshow', (event) => { window.isBack = event.persisted; })")
    page.goto(f"{url}/store?category=Lamps")
    page.evaluate("setTimeout(() => history.back())")
    page.wait_for_function("window.isBack !== undefined || !location.search")
    return refused


@pytest.mark.parametrize(
    ("in_both_shapes", "path"),
    [
        ("one machine", "/store"),
        ("one machine", "/products/dusk-lamp"),
        ("through the Worker", "/store"),
        ("through the Worker", "/store?category=Desk"),
    ],
    indirect=["in_both_shapes"],
)
def test_a_finished_page_is_there_as_it_was_when_one_comes_back(
    remembering: Browser, composed_by_model: Server, model: Model, path: str
) -> None:
    model.play(Scenario(answer()))
    with watched(remembering, 360) as seen:
        for _ in ("a shell that has been filled", "a kept page"):
            seen.page.goto(f"{composed_by_model.url}{path}")
            seen.wait_until_done()
            seen.page.evaluate("scrollTo({top: 250, behavior: 'instant'})")
            state = "[scrollY, document.querySelector('main').innerHTML]"
            before = seen.page.evaluate(state)
            assert leave_and_come_back(seen.page, composed_by_model.url) == []
            assert seen.page.evaluate("window.isBack")
            assert seen.page.evaluate(state) == before


def test_a_page_that_is_left_lets_its_stream_go_and_resumes_it_when_one_comes_back(
    remembering: Browser, composed_by_model: Server, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]))
    with watched(remembering) as seen:
        with seen.page.expect_request("**/stream/*") as begun:
            seen.page.goto(f"{composed_by_model.url}/store")
            seen.page.wait_for_selector("[data-slot=hero][data-filled-by=hero]")
        with seen.page.expect_request("**/stream/*") as resumed:
            assert leave_and_come_back(seen.page, composed_by_model.url) == []
            assert seen.page.evaluate("window.isBack")
        model.release()
        seen.wait_until_done()
        assert "last-event-id" not in begun.value.headers
        assert resumed.value.headers["last-event-id"]
        assert seen.swaps() == list(SLOTS)
        assert len(model.requests) == 1


@contextmanager
def alone(url: str, data: Path) -> Iterator[None]:
    """Have a Chromium at an address that nobody drives: where DevTools are, nothing is prerendered."""
    options = [*FLAGS, "--headless", f"--user-data-dir={data}", "--remote-debugging-port=0"]
    command = [chromium_path(), *options, url]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, process_group=0) as process:
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)  # Debian's is a script, which passes nothing on


def requests_of(proxy: CuttingProxy, path: str) -> list[str]:
    return [head for head in proxy.heads if head.startswith(f"GET {path}")]


def test_a_prerendered_page_is_a_visit_from_when_it_is_shown(
    playwright: Playwright, composed_by_model: Server, model: Model, tmp_path: Path
) -> None:
    model.play(Scenario(answer()))
    data = tmp_path / "chromium"
    with cutting(composed_by_model.port) as proxy:
        proxy.pages["/home"] = _HOME
        with alone(f"http://127.0.0.1:{proxy.port}/home", data):
            eventually(lambda: requests_of(proxy, "/static/stream."))
            seen_before = len(requests_of(proxy, "/go"))
            eventually(lambda: len(requests_of(proxy, "/go")) > seen_before + 5)
            (ahead,) = requests_of(proxy, "/store")
            assert "sec-purpose: prefetch;prerender" in ahead.lower()
            assert requests_of(proxy, "/s/") == []
            assert model.requests == ()
            proxy.pages["/go"] = ""
            model.asked(1)
            (stream,) = requests_of(proxy, "/s/demo/stream/visit")
            assert "sec-purpose" not in stream.lower()
            port = (data / "DevToolsActivePort").read_text().splitlines()[0]
            found = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
            (page,) = found.contexts[0].pages
            page.wait_for_selector("main:not([data-stream])")
            assert page.evaluate("performance.getEntriesByType('navigation')[0].activationStart")
            filled = "all => all.map((slot) => slot.dataset.filledBy)"
            assert page.eval_on_selector_all("[data-slot]:not(:empty)", filled) == list(SLOTS)
            assert [item["name"] for item in found.contexts[0].cookies()] == ["shopper_demo"]
            page.reload()
            assert page.locator("main[data-stream]").count() == 0
            found.close()
    assert len(model.requests) == 1


def test_a_product_is_fetched_ahead_of_the_click_by_the_shops_own_rules(
    browser: Browser, serve: StartServer
) -> None:
    shop = serve()
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{shop.url}/store")
        seen.wait_until_done()
        session = page.context.new_cdp_session(page)
        session.send("Preload.enable")
        ready: list[str] = []
        session.on(
            "Preload.prefetchStatusUpdated",
            lambda event: (
                ready.append(event["prefetchUrl"]) if event["status"] == "Ready" else None
            ),
        )
        link = page.locator("[data-slot=grid] a").first
        link.hover()
        for _ in range(200):  # events come in while Playwright waits
            page.wait_for_timeout(0 if ready else 50)
        told_before = rows(shop, "SELECT fact FROM signals")
        link.click()
        page.wait_for_url(ready[0])
        delivery = "performance.getEntriesByType('navigation')[0].deliveryType"
        assert page.evaluate(delivery) == "navigational-prefetch"
        assert seen.violations() == []
        assert seen.console == []
        page.goto(f"{shop.url}/store?q=lamp")
        eventually(lambda: len(rows(shop, "SELECT fact FROM signals")) == 1)
        assert told_before == []


def test_a_product_that_is_come_back_to_was_viewed_once(
    remembering: Browser, serve: StartServer
) -> None:
    shop = serve()
    with watched(remembering) as seen:
        seen.page.goto(f"{shop.url}/store")
        seen.wait_until_done()
        seen.page.goto(f"{shop.url}/products/dusk-lamp")
        assert leave_and_come_back(seen.page, shop.url) == []
        seen.page.goto(f"{shop.url}/products/paper-moon")
        seen.page.goto(f"{shop.url}/store?q=lamp")
        views = "SELECT fact FROM signals WHERE fact LIKE '%\"view\"%'"
        eventually(lambda: len(rows(shop, views)) >= 2)
        told = [json.loads(fact)["products"] for (fact,) in rows(shop, views)]
        assert told == [["dusk-lamp"], ["paper-moon"]]
