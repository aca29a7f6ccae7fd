"""From a composed page to the checkout, in a real browser: with scripts and without, small and wide."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, component
from tests.support.waiting import eventually
from tools.support.browser import Watched, watched
from tools.support.edge import Edge
from tools.support.server import Server

CUSHION = "linen-cushion"
OVERFLOW = """() => [...document.querySelectorAll("body, body *")]
  .filter((element) => !element.parentElement?.closest(".scroller, .nav, .visually-hidden"))
  .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map((element) => element.tagName + "." + element.className).slice(0, 5)"""


def page_with_cushion() -> str:
    """Return a model's answer whose hero is sold in variants."""
    kinds = ("filters", "grid", "recommendations", "cta")
    return answer(component("hero", product_id=CUSHION), *map(component, kinds))


def complaints(seen: Watched) -> list[Any]:
    """Return what axe finds, and what stands out of the page, narrow and wide."""
    found: list[Any] = []
    for width in (360, 1280):
        seen.page.set_viewport_size({"width": width, "height": 800})
        found += seen.axe()
        found += seen.page.evaluate(OVERFLOW)
    return found


@pytest.fixture
def house_shop(serve: StartServer) -> Server:
    return serve()


@pytest.mark.parametrize(
    ("in_both_shapes", "width", "scripts"),
    [
        ("one machine", 360, True),
        ("through the Worker", 1280, False),
    ],
    indirect=["in_both_shapes"],
)
def test_from_a_composed_page_to_the_checkout(
    browser: Browser, in_both_shapes: Server | Edge, model: Model, width: int, *, scripts: bool
) -> None:
    shop = in_both_shapes.url
    model.play(Scenario(page_with_cushion()))
    with watched(browser, width, java_script_enabled=scripts) as seen:
        page = seen.page
        page.goto(f"{shop}/store")
        hero = page.locator("[data-slot=hero][data-filled-by=hero] a")
        if not scripts:  # the page reloads itself, but only after some seconds
            eventually(lambda: page.reload() and hero.count())
        hero.click()
        expect(page).to_have_url(f"{shop}/products/{CUSHION}")
        page.get_by_role("group", name="60 x 60 cm").get_by_role("button", name="Ink").click()
        expect(page).to_have_url(f"{shop}/products/{CUSHION}?variant=60-ink")
        expect(page.locator(".product-facts .price")).to_have_text("€62.00")
        page.get_by_label("How many").fill("2")
        page.get_by_role("button", name="Add to basket").click()
        expect(page).to_have_url(f"{shop}/basket")
        expect(page.locator(".basket-line")).to_contain_text("60 x 60 cm / Ink")
        page.get_by_label("How many of").fill("3")
        page.get_by_role("button", name="Update").click()
        expect(page.locator(".basket-total")).to_have_text("Total €186.00")
        page.get_by_role("link", name="Check out").click()
        expect(page.locator(".handed li").first).to_have_text(
            "3 \N{MULTIPLICATION SIGN} Washed Linen Cushion, 60 x 60 cm / Ink €186.00"
        )
        assert "hero" in page.locator("main").inner_text()
        page.get_by_role("link", name="Back to the basket").click()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_text("There is nothing in it yet.")).to_be_visible()


def test_axe_finds_nothing_and_nothing_stands_out_on_the_way(
    browser: Browser, house_shop: Server
) -> None:
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{house_shop.url}/products/{CUSHION}?variant=45-ink")
        assert complaints(seen) == []
        page.goto(f"{house_shop.url}/products/{CUSHION}?variant=60-sage")
        assert complaints(seen) == []
        page.get_by_role("button", name="Add to basket").click()
        assert complaints(seen) == []
        page.get_by_role("link", name="Check out").click()
        assert complaints(seen) == []
        page.goto(f"{house_shop.url}/basket?note=full")
        page.get_by_role("button", name="Remove").click()
        assert complaints(seen) == []
        assert seen.console == []
        assert seen.violations() == []
