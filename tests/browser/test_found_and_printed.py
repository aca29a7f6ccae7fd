"""What a page says of itself under its strict policy, and what of it goes onto paper."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.support.fake_model import demo_products
from tools.support.browser import watched
from tools.support.server import Server

PAPER = 700
PRODUCT = f"/products/{demo_products()[0]['id']}"


@pytest.mark.parametrize(
    ("path", "kinds"),
    [
        ("/store", {"Organization"}),
        ("/store?category=Lamps", {"BreadcrumbList", "ItemList"}),
        (PRODUCT, {"Product", "BreadcrumbList"}),
    ],
)
def test_data_may_stand_on_a_page_and_paper_gets_what_is_read_and_nothing_to_press(
    browser: Browser, house_server: Server, path: str, kinds: set[str]
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{house_server.url}{path}")
        seen.wait_until_done()
        found = page.evaluate(
            """() => JSON.parse(document.querySelector("[type='application/ld+json']").textContent)"""
        )
        assert {node["@type"] for node in found["@graph"]} == kinds
        assert seen.violations() == []
        assert seen.console == []
        page.emulate_media(media="print", color_scheme="dark")
        page.set_viewport_size({"width": PAPER, "height": 800})
        shown = "(name) => [...document.querySelectorAll(name)].filter((e) => e.checkVisibility()).length"
        assert page.evaluate(shown, "nav.nav, form, button, .button, .skip, .arranging") == 0
        assert page.evaluate(shown, "h1") == 1
        assert page.evaluate(shown, ".price") > 0
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
        light = "matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme === 'light'"
        assert page.evaluate(light)
