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
def test_the_policy_lets_data_stand_on_a_page(
    browser: Browser, house_server: Server, path: str, kinds: set[str]
) -> None:
    with watched(browser) as seen:
        seen.page.goto(f"{house_server.url}{path}")
        seen.wait_until_done()
        found = seen.page.evaluate(
            """() => JSON.parse(document.querySelector("[type='application/ld+json']").textContent)"""
        )
        assert {node["@type"] for node in found["@graph"]} == kinds
        assert seen.violations() == []
        assert seen.console == []


@pytest.mark.parametrize("path", ["/store", "/store?category=Lamps", PRODUCT])
def test_paper_gets_what_is_read_and_nothing_to_press(
    browser: Browser, house_server: Server, path: str
) -> None:
    with watched(browser, PAPER) as seen:
        seen.page.emulate_media(media="print", color_scheme="dark")
        seen.page.goto(f"{house_server.url}{path}")
        seen.wait_until_done()
        shown = "(name) => [...document.querySelectorAll(name)].filter((e) => e.checkVisibility()).length"
        assert seen.page.evaluate(shown, "nav.nav, form, button, .button, .skip, .arranging") == 0
        assert seen.page.evaluate(shown, "h1") == 1
        assert seen.page.evaluate(shown, ".price") > 0
        wide = "document.scrollingElement.scrollWidth <= innerWidth"
        assert seen.page.evaluate(wide)
        light = "matchMedia('(prefers-color-scheme: dark)').matches && getComputedStyle(document.documentElement).colorScheme === 'light'"
        assert seen.page.evaluate(light)
