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
    Watched,
    chromium_path,
    launch_with_back_forward_cache,
    watched,
    whole_chromium_path,
)
from tools.support.edge import Edge
from tools.support.server import Server

# A merchant's own page, which prepares the shop and goes there when it is told to.
_RULES = {"prerender": [{"urls": ["/store"], "eagerness": "immediate"}]}
_HOME = f"""<!doctype html><title>-</title><a href="/store">The shop</a>
<script type="speculationrules">{json.dumps(_RULES)}</script>
<script>setInterval(async () => (await fetch("/go")).ok && document.links[0].click(), 200)</script>"""

_SHOWN = """addEventListener("pagehide", () => { delete window.isBack; });
addEventListener("pageshow", ({ persisted }) => { window.isBack = persisted; });"""
_TOLD = "SELECT fact FROM signals ORDER BY id"
_STATE = "[scrollY, document.querySelector('main').innerHTML]"


@pytest.fixture(scope="module")
def one_tab(playwright: Playwright) -> Iterator[Watched]:
    """A tab of a browser with a back/forward cache; another would cost more than three pages."""
    path = whole_chromium_path()
    if path is None:
        pytest.skip("the headless shell has no back/forward cache; install Chromium to test it")
    made = launch_with_back_forward_cache(playwright, path)
    with watched(made, 360) as seen:
        seen.page.add_init_script(_SHOWN)
        yield seen
    made.close()


@pytest.fixture
def tab(one_tab: Watched) -> Watched:
    one_tab.page.context.clear_cookies()
    return one_tab


def refusals(page: Page) -> list[str]:
    """Return a list of why pages that were left were not kept, which is filled as it happens."""
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    refused: list[str] = []

    def refuse(event: dict[str, Any]) -> None:
        refused.extend(item["reason"] for item in event["notRestoredExplanations"])

    session.on("Page.backForwardCacheNotUsed", refuse)
    return refused


def scrolled(page: Page) -> object:
    """Scroll somewhere; return what the page is then."""
    page.evaluate("scrollTo({top: 250, behavior: 'instant'})")
    return page.evaluate(_STATE)


def come_to(page: Page, url: str, by: int) -> bool:
    """Go back or forward by so many pages, to this one; return whether it had been kept."""
    page.evaluate(f"setTimeout(() => history.go({by}))")
    page.wait_for_function(f"window.isBack !== undefined && location.href === {json.dumps(url)}")
    kept: bool = page.evaluate("window.isBack")
    return kept


def test_a_page_resumes_is_as_it_was_and_was_viewed_once_when_one_comes_back(
    tab: Watched, in_both_shapes: Server | Edge, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:1]))
    store, product, listing = (
        f"{in_both_shapes.url}{path}"
        for path in ("/store", "/products/dusk-lamp", "/store?category=Desk")
    )
    page = tab.page
    refused = refusals(page)
    with page.expect_request("**/stream/*") as begun:
        page.goto(store)
        page.wait_for_selector("[data-slot=hero][data-filled-by=hero]")
    page.goto(product)
    looked_at = scrolled(page)
    with page.expect_request("**/stream/*") as resumed:
        assert come_to(page, store, -1)
    model.release()
    tab.wait_until_done()
    assert "last-event-id" not in begun.value.headers
    assert resumed.value.headers["last-event-id"]
    assert tab.swaps() == list(SLOTS)
    filled = scrolled(page)
    assert come_to(page, product, 1)
    assert page.evaluate(_STATE) == looked_at
    assert come_to(page, store, -1)
    assert page.evaluate(_STATE) == filled
    page.goto(store)
    tab.wait_until_done()
    kept = scrolled(page)
    page.goto(listing)
    looked_at = scrolled(page)
    assert come_to(page, store, -1)
    assert page.evaluate(_STATE) == kept
    assert come_to(page, listing, 1)
    assert page.evaluate(_STATE) == looked_at
    assert refused == []
    page.goto(f"{in_both_shapes.url}/nowhere")
    assert len(model.requests) == 1
    if isinstance(in_both_shapes, Server):
        shop = in_both_shapes
        eventually(lambda: len(rows(shop, _TOLD)) >= 2)
        told = [json.loads(fact) for (fact,) in rows(shop, _TOLD)]
        assert [fact["kind"] for fact in told] == ["view", "filter"]
        assert told[0]["products"] == ["dusk-lamp"]


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
    playwright: Playwright, edge: Edge, model: Model, tmp_path: Path
) -> None:
    model.play(Scenario(answer()))
    data = tmp_path / "chromium"
    with cutting(edge.port) as proxy:
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
            if ready:
                break
            page.wait_for_timeout(50)
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
