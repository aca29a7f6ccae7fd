"""What the page tells in a real browser: only when it is hidden or left, and only what happened."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import SECONDS
from tests.support.stored import rows
from tests.support.waiting import eventually
from tools.support.browser import Watched, watched
from tools.support.edge import Edge
from tools.support.server import ROOT, Server

# What a merchant's own pages would hold: a basket, a form with a quantity, an order that was placed.
_BASKET = """document.querySelector('main').insertAdjacentHTML('beforeend',
  '<button type="button" id="put" data-signal="add_to_basket" data-product="paper-moon"><b>Put</b></button>' +
  '<form id="many" data-signal="add_to_basket" data-product="dusk-lamp" action="/store">' +
  '<input name="quantity" value="3"><button id="send">Put three</button></form>' +
  '<button type="button" id="odd" data-signal="theft" data-product="dusk-lamp">Odd</button>')"""
_ORDER = """<main><ul data-signal="purchase" data-order="A-1">
  <li data-product="dusk-lamp" data-quantity="2"></li><li data-product="paper-moon"></li></ul></main>"""


@pytest.fixture
def shop(serve: StartServer) -> Server:
    return serve()


@pytest.fixture
def seen(browser: Browser, shop: Server) -> Iterator[Watched]:
    """A browser whose shopper is known: it has been to the store."""
    with watched(browser) as made:
        made.page.goto(f"{shop.url}/store")
        made.wait_until_done()
        yield made


def told(server: Server) -> list[dict[str, Any]]:
    return [json.loads(fact) for (fact,) in rows(server, "SELECT fact FROM signals ORDER BY id")]


def until_told(server: Server, number: int) -> list[dict[str, Any]]:
    eventually(lambda: len(told(server)) >= number)
    return told(server)


def kinds(facts: list[dict[str, Any]]) -> list[str]:
    return [fact["kind"] for fact in facts]


def leave(page: Page, shop: Server) -> None:
    page.goto(f"{shop.url}/store?q=lamp")


def test_a_product_is_told_when_its_page_is_left_and_not_before(
    seen: Watched, shop: Server
) -> None:
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    seen.page.wait_for_load_state("networkidle")
    seen.requests.clear()
    seen.page.wait_for_timeout(1200)
    assert seen.requests == []
    assert told(shop) == []
    leave(seen.page, shop)
    (fact,) = until_told(shop, 1)
    assert (fact["kind"], fact["products"]) == ("view", ["dusk-lamp"])
    assert seen.console == []
    assert seen.violations() == []


def test_a_product_that_was_looked_at_for_long_is_told_with_the_seconds(
    seen: Watched, shop: Server
) -> None:
    seen.page.clock.install()
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    seen.page.clock.fast_forward(42_000)
    leave(seen.page, shop)
    view, dwell = until_told(shop, 2)
    assert (view["kind"], dwell["kind"]) == ("view", "dwell")
    assert 42 <= dwell["seconds"] <= 600


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?category=Lamps", {"categories": ["Lamps"]}),
        ("?category=Lamps&sort=price-asc", {"categories": ["Lamps"], "sort": "price-asc"}),
        ("?sort=name", {"sort": "name"}),
    ],
)
def test_a_filter_is_told(
    seen: Watched, shop: Server, query: str, expected: dict[str, Any]
) -> None:
    seen.page.goto(f"{shop.url}/store{query}")
    leave(seen.page, shop)
    (fact,) = until_told(shop, 1)
    assert {name: fact[name] for name in fact if name != "day"} == {"kind": "filter", **expected}


def test_a_search_and_the_store_page_tell_nothing(seen: Watched, shop: Server) -> None:
    for path in ("/store?q=lamp", "/store?page=2", "/store", "/nowhere"):
        seen.page.goto(f"{shop.url}{path}")
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    leave(seen.page, shop)
    assert kinds(until_told(shop, 1)) == ["view"]


def test_a_merchants_basket_and_forms_are_heard(seen: Watched, shop: Server) -> None:
    seen.page.evaluate(_BASKET)
    seen.page.click("#put b")
    seen.page.click("#odd")
    seen.page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    seen.page.click("#send")
    leave(seen.page, shop)
    facts = until_told(shop, 2)
    assert kinds(facts) == ["add_to_basket", "add_to_basket"]
    assert [fact["products"] for fact in facts] == [["paper-moon"], ["dusk-lamp"]]


def thanks(route: Any) -> None:
    """Answer with a merchant's own page of thanks."""
    script = '<script src="/static/signals.0000000000.js" data-to="/signals" defer></script>'
    route.fulfill(content_type="text/html", body=f"<!doctype html><title>-</title>{script}{_ORDER}")


def test_an_order_is_told_once_however_often_its_page_is_looked_at(
    seen: Watched, shop: Server
) -> None:
    seen.page.route("**/thanks", thanks)
    for _ in range(3):
        seen.page.goto(f"{shop.url}/thanks")
        leave(seen.page, shop)
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    leave(seen.page, shop)
    order, view = until_told(shop, 2)
    assert (order["kind"], view["kind"]) == ("purchase", "view")
    assert order["products"] == ["dusk-lamp", "paper-moon"]
    assert (order["cents"], order["order"]) == (2 * 14_800 + 9_600, "A-1")


@pytest.mark.parametrize(
    "refusal",
    [
        "Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'})",
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})",
        "delete Navigator.prototype.sendBeacon",
    ],
)
def test_who_does_not_want_to_be_followed_tells_nothing(
    seen: Watched, shop: Server, refusal: str
) -> None:
    seen.page.add_init_script(refusal)
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    seen.requests.clear()
    leave(seen.page, shop)
    seen.page.wait_for_timeout(500)
    assert [url for url in seen.requests if "signals" in url and "/static/" not in url] == []
    assert told(shop) == []
    assert seen.console == []


def test_a_hidden_tab_tells_at_once_and_only_what_is_new(seen: Watched, shop: Server) -> None:
    seen.page.goto(f"{shop.url}/products/dusk-lamp")
    hide = (
        "(hidden) => { Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});"
        "document.dispatchEvent(new Event('visibilitychange')); }"
    )
    seen.page.evaluate(hide, True)
    assert kinds(until_told(shop, 1)) == ["view"]
    for hidden in (False, True, False, True):
        seen.page.evaluate(hide, hidden)
    seen.page.goto(f"{shop.url}/products/paper-moon")
    leave(seen.page, shop)
    assert [fact["products"] for fact in until_told(shop, 2)] == [["dusk-lamp"], ["paper-moon"]]


def change(page: Page, url: str) -> None:
    """Look for what is cheap, in four categories, until that shows in the page."""
    assert page.get_attribute("html", "data-persona") == "newcomer"
    for category in ("Lamps", "Ceramics", "Textiles", "Kitchen"):
        page.goto(f"{url}/store?category={category}&sort=price-asc")
    end = time.monotonic() + SECONDS
    while page.goto(f"{url}/store") and page.get_attribute("html", "data-persona") == "newcomer":
        assert time.monotonic() < end
    assert page.get_attribute("html", "data-persona") == "bargain_hunter"
    page.wait_for_selector("main:not([data-stream])")
    assert page.locator("[data-filled-by=fallback]").count() == 0


def test_what_shoppers_do_becomes_the_page_they_find(seen: Watched, shop: Server) -> None:
    change(seen.page, shop.url)


def test_so_it_does_through_the_worker(browser: Browser, edge: Edge, model: Model) -> None:
    model.play(Scenario(answer()))
    before = len(list(edge.worker.told("signals")))
    with watched(browser) as made:
        made.page.goto(f"{edge.url}/store")
        made.wait_until_done()
        made.page.goto(f"{edge.url}/products/dusk-lamp")
        made.page.goto(f"{edge.url}/store")
        change(made.page, edge.url)
        assert made.violations() == []
    taken = [told["outcome"] for told in list(edge.worker.told("signals"))[before:]]
    assert "changed" in taken
    assert set(taken) <= {"taken", "changed"}


def views(server: Server, columns: str) -> list[tuple[Any, ...]]:
    return rows(server, f"SELECT {columns} FROM views WHERE clicked OR product = ''")  # noqa: S608


def test_what_of_the_store_page_was_in_view_for_a_second_is_counted(
    seen: Watched, shop: Server
) -> None:
    def look() -> bool:
        seen.page.goto(f"{shop.url}/store")
        seen.page.wait_for_timeout(1_100)
        leave(seen.page, shop)
        return ("hero", "hero") in views(shop, "slot, component")

    eventually(look)
    assert "cta" not in [slot for (slot,) in views(shop, "slot")], "nobody scrolled so far"
    assert told(shop) == []
    assert seen.console == []
    assert seen.violations() == []


def test_a_click_is_counted_with_the_place_of_the_product(seen: Watched, shop: Server) -> None:
    seen.page.goto(f"{shop.url}/store")
    link = seen.page.locator("[data-slot=grid] .card:nth-child(3) a")
    product = (link.get_attribute("href") or "").rpartition("/")[2]
    link.click()
    seen.page.wait_for_url(f"**/products/{product}")
    eventually(lambda: len(views(shop, "slot")) >= 2)
    columns = "slot, component, product, place, clicked"
    assert ("grid", "grid", product, 3, 1) in views(shop, columns)


@pytest.mark.parametrize(("script", "most"), [("signals.js", 1_500), ("views.js", 1_300)])
def test_what_goes_out_is_small(script: str, most: int) -> None:
    assert len(gzip.compress((ROOT / "static" / script).read_bytes(), 9)) <= most
