"""Shops in German and Arabic, as a shopper meets them: in their words and direction, whole, narrow."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from app.domain.catalog import Money
from app.rendering.language import formats_of
from tests.support.fake_model import demo_products
from tools.support.browser import wait_until_still, watched
from tools.support.server import ROOT, Server

WIDTHS = (360, 1280)
EXAMINED = {("de", 360), ("ar", 1280)}
"""Where axe looks: at both widths, and in both languages."""

SHOPS: dict[str, dict[str, Any]] = {
    "de": {
        "title": "Bienenwachskerzenhalter aus Kirschholz",
        "category": "Wohnzimmerbeleuchtung",
        "says": "Für jeden Besuch eigens angeordnet",
        "price": "1.234,50\u00a0€",
    },
    "ar": {
        "title": "حامل شموع من خشب الكرز",
        "category": "إضاءة غرفة الجلوس",
        "says": "مرتّبة لكل زائر",
        "price": "\u200f1,234.50\u00a0€",
    },
}
BEYOND = """() => [...document.querySelectorAll("body, body *")]
  .filter((element) => !element.parentElement?.closest(".scroller, .nav, .visually-hidden"))
  .filter((element) => !element.matches(".visually-hidden, .skip"))
  .map((element) => [element, element.getBoundingClientRect()])
  .filter(([, box]) => box.width && (box.right > innerWidth + 0.5 || box.left < -0.5))
  .map(([element]) => element.tagName + "." + element.className).slice(0, 5)"""

CUT = """() => [...document.querySelectorAll(".card .price")].map((price) => {
  const card = price.closest(".card").getBoundingClientRect(), { bottom } = price.getBoundingClientRect();
  const amounts = [...price.querySelectorAll("b, s")].map((amount) => amount.getBoundingClientRect());
  const fit = (box) => box.left >= card.left && box.right <= card.right && box.bottom <= bottom + 0.5;
  return [amounts.length, amounts.every(fit), price.closest(".card-text").offsetHeight];
})"""

IN_ORDER = """() => {
  const leftOf = (node, at) => {
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    return range.getBoundingClientRect().left;
  };
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node; (node = texts.nextNode());) {
    const at = node.data.indexOf("60 x 60 cm");
    if (at >= 0) found.push(leftOf(node, at) < leftOf(node, at + 3));
  }
  const said = document.querySelector(".description")?.firstChild;
  if (said) found.push(leftOf(said, said.length - 2) < leftOf(said, said.length - 1));
  return found;
}"""


@pytest.fixture(params=SHOPS)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(serve: Callable[..., Server], language: str, tmp_path: Path) -> Server:
    """The demo's goods under names of the language, the first of them dear and reduced."""
    known = SHOPS[language]
    products = [
        {**item, "title": f"{known['title']} {at}", "category": known["category"], "stock": 2}
        for at, item in enumerate(demo_products())
    ]
    products[0] |= {"price": 1234.5, "compare_at_price": 2345.5}
    for item in products:
        item.pop("image", None)
    shop = {"id": "own", "name": known["category"], "currency": "EUR", "locale": language}
    shop |= {"checkout": {"type": "demo"}}
    catalog = tmp_path / "own.json"
    catalog.write_text(json.dumps({"shop": shop, "products": products}))
    return serve(WANDSTORE_CATALOG=str(catalog))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_speaks_the_language_and_fits(
    browser: Browser, server: Server, language: str, width: int
) -> None:
    known = SHOPS[language]
    first = f"/products/{demo_products()[0]['id']}"
    paths = [
        "/store",
        "/categories",
        "/basket",
        "/store?sort=name&page=2",
        "/store?q=none-such",
        "/store?sort=name&min=1&available=1&tag=handmade",
        "/store?min=99999&tag=handmade&available=maybe",
        first,
        "/nowhere",
    ]
    axe = Axe()
    header = "document.querySelector('.masthead').offsetHeight"
    with watched(browser, width) as seen:
        seen.page.goto(f"{server.url}/store")
        height = seen.page.evaluate(header)
        seen.wait_until_done()
        for path in paths:
            seen.page.goto(f"{server.url}{path}")
            seen.wait_until_done()
            assert seen.page.evaluate(header) == height, "composed or kept"
            if seen.page.locator(".narrow summary").count():
                seen.page.click(".narrow summary")
            root = "document.documentElement"
            assert seen.page.evaluate(f"{root}.lang") == language
            direction = seen.page.evaluate("getComputedStyle(document.body).direction")
            assert direction == ("rtl" if language == "ar" else "ltr")
            text = seen.page.inner_text("body")
            assert known["says"] in text
            assert known["price"] in text or path != first
            assert seen.page.evaluate(BEYOND) == [], path
            scrolls = (
                "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
            )
            assert not seen.page.evaluate(scrolls), path
            if (language, width) in EXAMINED:
                wait_until_still(seen.page)
                found = axe.run(seen.page)
                assert found.violations_count == 0, found.generate_report()
            assert seen.layout_shift() == []
            assert seen.violations() == []


def test_a_card_shows_what_a_thing_costs_and_what_it_did_in_all_languages(
    browser: Browser, serve: Callable[..., Server], tmp_path: Path
) -> None:
    languages = ("en", "de", "fr", "es", "ja", "ar")
    (tmp_path / "shops").mkdir()
    for locale in languages:
        sizes = [
            {
                "id": at,
                "options": {"Size": at},
                "price": 1234.5 + int(at),
                "compare_at_price": 2345.5,
            }
            for at in "01"
        ]
        products = [
            {**item, "price": 1234.5, "image": None, "variants": sizes[: 1 + at % 2]}
            for at, item in enumerate(demo_products())
        ]
        shop = {"id": locale, "name": "Own", "currency": "EUR", "locale": locale}
        (tmp_path / "shops" / f"{locale}.json").write_text(
            json.dumps({"shop": shop, "products": products})
        )
    server = serve(WANDSTORE_CATALOG=str(tmp_path / "shops"))
    with watched(browser, 360) as seen:
        for path in (*languages, "fr?sort=name"):
            seen.page.goto(f"{server.url}/s/{path}")
            seen.wait_until_done()
            shown = seen.page.evaluate(CUT)
            assert len(shown) > 6, path
            assert {tuple(one[:2]) for one in shown} == {(2, True)}, path
            assert len({height for _, _, height in shown}) == 1, path


def test_prices_are_written_as_browsers_write_them(browser: Browser) -> None:
    locales = ["en", "de", "fr", "es", "ja", "ar", "de-AT", "ar-EG", "es-MX"]
    amounts = [("0", "EUR"), ("1234.5", "EUR"), ("1234567.5", "USD"), ("1500", "JPY"), ("5", "SEK")]
    cases = [(locale, *amount) for locale, amount in product(locales, amounts)]
    with watched(browser) as seen:
        theirs = seen.page.evaluate(
            """(cases) => cases.map(([locale, amount, currency]) =>
              new Intl.NumberFormat(locale, { style: "currency", currency }).format(amount))""",
            cases,
        )
    ours = [formats_of(locale).money(Money(Decimal(at), unit)) for locale, at, unit in cases]
    assert dict(zip(cases, ours, strict=True)) == dict(zip(cases, theirs, strict=True))


def test_the_house_writes_in_the_language_and_rows_begin_where_reading_does(
    browser: Browser, server: Server, language: str
) -> None:
    with watched(browser, 360) as seen:
        seen.page.goto(f"{server.url}/store")
        seen.wait_until_done()
        filled = {filled_by for filled_by, _ in seen.slots().values()}
        assert "fallback" not in filled
        headline = seen.page.inner_text(".hero-headline")
        copy = json.loads((ROOT / "prompts" / f"house.{language}.json").read_text())
        assert headline in {line["headline"] for line in copy["newcomer"]["hero"]}
        edges = seen.page.evaluate(
            """() => {
              const { left, right } = document.querySelector(".row .card").getBoundingClientRect();
              return [left, innerWidth - right];
            }"""
        )
        assert (edges[0] < edges[1]) == (language == "de")


@pytest.mark.parametrize("width", WIDTHS)
def test_the_way_to_the_checkout_speaks_the_language_and_fits(
    browser: Browser, server: Server, language: str, width: int
) -> None:
    words = {"de": ("Warenkorb", "Zur Kasse"), "ar": ("السلة", "إتمام الشراء")}[language]
    axe = Axe()
    with watched(browser, width) as seen:
        page = seen.page
        page.goto(f"{server.url}/products/{demo_products()[0]['id']}")
        page.click(".buy button")
        page.wait_for_selector(".basket-line")
        assert SHOPS[language]["price"] in page.inner_text(".basket-sum")
        page.goto(f"{server.url}/products/linen-cushion?variant=60-ink")
        assert page.inner_text(".basket-link") == words[0]
        assert set(page.evaluate(IN_ORDER)) == {True}
        page.click(".buy button")
        page.wait_for_selector(".basket-line:nth-child(2)")
        assert page.inner_text(".basket-sum .button") == words[1]
        for place in (".handed", ".basket-line"):
            assert page.evaluate(BEYOND) == []
            assert set(page.evaluate(IN_ORDER)) == {True}
            if (language, width) in EXAMINED:
                wait_until_still(page)
                assert axe.run(page).response["violations"] == []
            page.click(".basket-sum .button, .message .button")
            page.wait_for_selector(place)
        page.set_viewport_size({"width": 768, "height": 900})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.querySelector('.basket-facts h2').offsetWidth") > 200
