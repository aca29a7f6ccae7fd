"""Shops in German and Arabic, as a shopper meets them: in their words and direction, whole, narrow."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from app.domain.catalog import Money
from app.rendering.language import formats_of
from tests.support.fake_model import demo_products
from tools.support.browser import watched
from tools.support.server import ROOT, Server

WIDTHS = (360, 1280)
LISTINGS = {
    "/store?sort=name&page=2": "de",
    "/store?q=none-such": "de",
    "/store?sort=name&min=1&available=1&tag=handmade": "ar",
    "/store?min=99999&tag=handmade&available=maybe": "ar",
}
"""What listings there are, and the language in which axe looks at each."""

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


def beyond(page: Page, width: int) -> list[str]:
    """Return what stands out of the page at a width."""
    page.set_viewport_size({"width": width, "height": 800})
    scrolls: bool = page.evaluate(
        "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    )
    found: list[str] = page.evaluate(BEYOND)
    return found or ["page"] * scrolls


def header(page: Page) -> int:
    height: int = page.evaluate("document.querySelector('.masthead').offsetHeight")
    return height


def test_every_page_speaks_the_language_and_fits(
    browser: Browser, server: Server, language: str
) -> None:
    known = SHOPS[language]
    first = f"/products/{demo_products()[0]['id']}"
    paths = ["/store", "/categories", "/basket", *LISTINGS, first, "/nowhere"]
    heights = {}
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{server.url}/store")
        for width in reversed(WIDTHS):
            page.set_viewport_size({"width": width, "height": 800})
            heights[width] = header(page)
        seen.wait_until_done()
        assert "fallback" not in {filled_by for filled_by, _ in seen.slots().values()}
        headline = page.inner_text(".hero-headline")
        copy = json.loads((ROOT / "prompts" / f"house.{language}.json").read_text())
        assert headline in {line["headline"] for line in copy["newcomer"]["hero"]}
        edges = page.evaluate(
            """() => {
              const { left, right } = document.querySelector(".row .card").getBoundingClientRect();
              return [left, innerWidth - right];
            }"""
        )
        assert (edges[0] < edges[1]) == (language == "de")
        for at, path in enumerate(paths, start=list(SHOPS).index(language)):
            width, other = WIDTHS[at % 2], WIDTHS[(at + 1) % 2]
            page.set_viewport_size({"width": width, "height": 800})
            page.goto(f"{server.url}{path}")
            seen.wait_until_done()
            assert header(page) == heights[width], "composed or kept"
            if page.locator(".narrow summary").count():
                page.click(".narrow summary")
            assert page.evaluate("document.documentElement.lang") == language
            direction = page.evaluate("getComputedStyle(document.body).direction")
            assert direction == ("rtl" if language == "ar" else "ltr")
            text = page.inner_text("body")
            assert known["says"] in text
            assert known["price"] in text or path != first
            assert beyond(page, width) == [], path
            if LISTINGS.get(path, language) == language:
                # Colours are the same in both languages.
                contrast = {"enabled": path in LISTINGS or language == "de"}
                assert seen.axe(rules={"color-contrast": contrast}) == [], path
            assert seen.layout_shift() == []
            assert beyond(page, other) == [], path
            assert header(page) == heights[other], "composed or kept"
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


def test_the_way_to_the_checkout_speaks_the_language_and_fits(
    browser: Browser, server: Server, language: str
) -> None:
    words = {"de": ("Warenkorb", "Zur Kasse"), "ar": ("السلة", "إتمام الشراء")}[language]
    width, other = WIDTHS if language == "de" else reversed(WIDTHS)
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
            for each in (other, width):
                assert beyond(page, each) == []
                assert set(page.evaluate(IN_ORDER)) == {True}
            assert seen.axe() == []
            page.click(".basket-sum .button, .message .button")
            page.wait_for_selector(place)
        page.set_viewport_size({"width": 768, "height": 900})
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert page.evaluate("document.querySelector('.basket-facts h2').offsetWidth") > 200
