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
_ORDER = """<main><ul data-signal="purchase" %s>
  <li data-product="dusk-lamp" data-quantity="2"></li><li data-product="paper-moon"></li></ul></main>"""
# Shoppers who do not want to be followed, and a browser that could not tell: the tab's name says which.
_REFUSE = """window.refused = window.name;
({
  tracking: () => Object.defineProperty(Navigator.prototype, 'doNotTrack', {get: () => '1'}),
  sale: () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true}),
  beacons: () => delete Navigator.prototype.sendBeacon,
})[window.name]?.()"""
_PERSONA = "data-persona"
_HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', {get: () => hidden, configurable: true});
  document.dispatchEvent(new Event('visibilitychange'));
}"""


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


def views_of(*products: str) -> list[tuple[str, Any]]:
    return [("view", [product]) for product in products]


def told_of(facts: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """Return of each fact what kind it is and what it is about."""
    return [
        (fact["kind"], fact["products"])
        if "products" in fact
        else (fact["kind"], {name: fact[name] for name in fact if name not in {"kind", "day"}})
        for fact in facts
    ]


def test_what_was_looked_at_is_told_once_when_it_is_left_or_hidden_and_not_before(
    seen: Watched, shop: Server
) -> None:
    walk: list[tuple[str, list[tuple[str, Any]]]] = [
        ("/products/dusk-lamp", views_of("dusk-lamp")),
        ("/store?category=Lamps", [("filter", {"categories": ["Lamps"]})]),
        (
            "/store?category=Lamps&sort=price-asc",
            [("filter", {"categories": ["Lamps"], "sort": "price-asc"})],
        ),
        ("/store?sort=name", [("filter", {"sort": "name"})]),
        ("/store?q=lamp", []),
        ("/store?page=2", []),
        ("/store", []),
        ("/nowhere", []),
        ("/products/paper-moon", views_of("paper-moon")),
    ]
    page = seen.page
    page.goto(f"{shop.url}{walk[0][0]}")
    page.wait_for_load_state("networkidle")
    seen.requests.clear()
    page.wait_for_timeout(1200)
    assert seen.requests == []
    assert told(shop) == []
    expected = [*walk[0][1]]
    for path, tells in walk[1:]:
        page.goto(f"{shop.url}{path}")
        assert seen.violations() == []
        assert told_of(until_told(shop, len(expected))) == expected
        expected += tells
    for hidden in (True, False, True, False, True):
        page.evaluate(_HIDE, hidden)
        assert told_of(until_told(shop, len(expected))) == expected
    page.clock.install()
    page.goto(f"{shop.url}/products/linen-cushion")
    page.clock.fast_forward(42_000)
    leave(page, shop)
    *before, view, dwell = until_told(shop, len(expected) + 2)
    assert told_of(before) == expected
    assert told_of([view]) == views_of("linen-cushion")
    assert dwell["kind"] == "dwell"
    assert 42 <= dwell["seconds"] <= 600
    assert [line for line in seen.console if "404" not in line] == []


def thanks(route: Any) -> None:
    """Answer with a merchant's own page of thanks."""
    script = '<script src="/static/signals.0000000000.js" data-to="/signals" defer></script>'
    number = "" if "unnumbered" in route.request.url else 'data-order="A-1"'
    body = f"<!doctype html><title>-</title>{script}{_ORDER % number}"
    route.fulfill(content_type="text/html", body=body)


def test_a_merchants_basket_and_forms_are_heard_and_an_order_once_however_often_it_is_looked_at(
    seen: Watched, shop: Server
) -> None:
    page = seen.page
    page.route("**/thanks*", thanks)
    page.evaluate(_BASKET)
    page.click("#put b")
    page.click("#odd")
    page.evaluate("document.addEventListener('submit', (event) => event.preventDefault())")
    page.click("#send")
    twice = [
        thanked for at in ("/thanks", "/thanks?unnumbered") for thanked in (at, "/nowhere", at)
    ]
    for path in (*twice, "/products/dusk-lamp", "/nowhere"):
        page.goto(f"{shop.url}{path}")
    put, put_three, order, unnumbered, view = until_told(shop, 5)
    assert kinds([put, put_three]) == ["add_to_basket", "add_to_basket"]
    assert [put["products"], put_three["products"]] == [["paper-moon"], ["dusk-lamp"]]
    assert kinds([order, unnumbered, view]) == ["purchase", "purchase", "view"]
    assert order["products"] == unnumbered["products"] == ["dusk-lamp", "paper-moon"]
    assert (order["cents"], order["order"]) == (2 * 14_800 + 9_600, "A-1")
    assert "order" not in unnumbered


def test_who_does_not_want_to_be_followed_tells_nothing(seen: Watched, shop: Server) -> None:
    page = seen.page
    page.add_init_script(_REFUSE)
    for refusal in ("tracking", "sale", "beacons"):
        page.evaluate("(refusal) => { window.name = refusal; }", refusal)
        page.goto(f"{shop.url}/products/dusk-lamp")
        assert page.evaluate("window.refused") == refusal
    leave(page, shop)
    assert [url for url in seen.requests if "signals" in url and "/static/" not in url] == []
    page.evaluate("window.name = ''")
    page.goto(f"{shop.url}/products/paper-moon")
    leave(page, shop)
    assert told_of(until_told(shop, 1)) == views_of("paper-moon")
    assert seen.console == []


def test_what_shoppers_do_becomes_the_page_they_find_through_the_worker(
    browser: Browser, edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer()))
    before = len(list(edge.worker.told("signals")))
    with watched(browser) as made:
        page = made.page
        page.goto(f"{edge.url}/store")
        made.wait_until_done()
        page.goto(f"{edge.url}/products/dusk-lamp")
        page.goto(f"{edge.url}/store")
        assert page.get_attribute("html", _PERSONA) == "newcomer"
        for category in ("Lamps", "Ceramics", "Textiles", "Kitchen"):
            page.goto(f"{edge.url}/store?category={category}&sort=price-asc")
        end = time.monotonic() + SECONDS
        while page.goto(f"{edge.url}/store") and page.get_attribute("html", _PERSONA) == "newcomer":
            assert time.monotonic() < end
        assert page.get_attribute("html", _PERSONA) == "bargain_hunter"
        made.wait_until_done()
        assert page.locator("[data-filled-by=fallback]").count() == 0
        assert made.violations() == []
    taken = [told["outcome"] for told in list(edge.worker.told("signals"))[before:]]
    assert "changed" in taken
    assert set(taken) <= {"taken", "changed"}


def views(server: Server, columns: str) -> list[tuple[Any, ...]]:
    return rows(server, f"SELECT {columns} FROM views WHERE clicked OR product = ''")  # noqa: S608


def test_what_was_in_view_for_a_second_is_counted_and_a_click_with_its_place(
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
    seen.page.goto(f"{shop.url}/store")
    link = seen.page.locator("[data-slot=grid] .card:nth-child(3) a")
    product = (link.get_attribute("href") or "").rpartition("/")[2]
    link.click()
    seen.page.wait_for_url(f"**/products/{product}")
    columns = "slot, component, product, place, clicked"
    eventually(lambda: ("grid", "grid", product, 3, 1) in views(shop, columns))


@pytest.mark.parametrize(("script", "most"), [("signals.js", 1_500), ("views.js", 1_300)])
def test_what_goes_out_is_small(script: str, most: int) -> None:
    assert len(gzip.compress((ROOT / "static" / script).read_bytes(), 9)) <= most
