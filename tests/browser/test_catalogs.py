"""What catalogs do to a page: words of any length, and pictures that do not load."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tools.support.browser import watched
from tools.support.server import Server

WIDTHS = (320, 360, 480, 640, 768, 1024, 1280)
NOWHERE = "https://127.0.0.1:9"
WORDS = (
    "Bienenwachskerzenhalter",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen",
    "lentokonesuihkuturbiinimoottoriapumekaanikkoaliupseerioppilas",
    "พิพิธภัณฑสถานแห่งชาติพระนครศรีอยุธยา",
    "ウルトラスーパーデラックスミニチュアキャンドルホルダー",
    "والمستشفياتوالمستوصفاتوالصيدليات",
)
SIDEWAYS = """() => {
  const beyond = [...document.querySelectorAll("body, body *")]
    .filter((element) => !element.parentElement?.closest(".scroller, .nav, .visually-hidden"))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5)
    .map((element) => element.tagName + "." + element.className).slice(0, 5);
  const { scrollWidth, clientWidth } = document.scrollingElement;
  return beyond.length || scrollWidth <= clientWidth ? beyond : ["page"];
}"""


OpenShop = Callable[[Sequence[Mapping[str, object]]], Server]


@pytest.fixture
def selling(serve: Callable[..., Server], tmp_path: Path) -> OpenShop:
    """A shop with long names that sells these."""

    def start(products: Sequence[Mapping[str, object]]) -> Server:
        shop: dict[str, object] = {
            "id": "long",
            "name": WORDS[1],
            "tagline": WORDS[2],
            "currency": "VND",
        }
        shop |= {"checkout": {"type": "demo"}}
        catalog = tmp_path / "long.json"
        catalog.write_text(json.dumps({"shop": shop, "products": products}))
        return serve(WANDSTORE_CATALOG=str(catalog))

    return start


def in_sizes(word: str) -> list[dict[str, object]]:
    return [
        {"id": "1", "options": {word: word}},
        {"id": "2", "options": {word: f"{word} {word.upper()}"}, "price": 123_456_789.5},
        {"id": "3", "options": {word: word.upper()}, "stock": 0},
    ]


def long_words() -> list[dict[str, object]]:
    return [
        {
            "id": f"p{at}",
            "title": word,
            "price": 1_234_567.89,
            "compare_at_price": 2_345_678.9,
            "category": word,
            "vendor": word,
            "description": f"{word} {word.lower()}",
            "options": [word, word.upper()],
            "variants": in_sizes(word) if at % 2 else None,
            "tags": [word],
            "image": f"{NOWHERE}/{at}.jpg" if at % 2 else None,
        }
        for at, word in enumerate(WORDS * 3)
    ]


def sideways(page: Page, width: int) -> list[str]:
    """Return what stands out of the page at a width."""
    page.set_viewport_size({"width": width, "height": 800})
    beyond: list[str] = page.evaluate(SIDEWAYS)
    return [f"{page.url} at {width}: {name}" for name in beyond]


def test_no_page_scrolls_sideways_whatever_its_words(browser: Browser, selling: OpenShop) -> None:
    server = selling(long_words())
    paths = [
        "/store",
        f"/store?category={WORDS[0]}",
        f"/store?q={WORDS[1]}",
        f"/store?q={'m' * 80}",
        *(f"/products/p{at}" for at in range(len(WORDS))),
        "/products/none",
    ]
    with watched(browser) as seen:
        for path in paths:
            seen.page.goto(f"{server.url}{path}")
            seen.wait_until_done()
            assert [found for width in WIDTHS for found in sideways(seen.page, width)] == []
        for path in ("/products/p0", "/products/p1", "/products/p3?variant=2"):
            seen.page.goto(f"{server.url}{path}")
            seen.page.fill(".quantity", "20")
            seen.page.click(".buy button")
        for place in (".basket-line", ".handed"):
            seen.page.wait_for_selector(place)
            assert [found for width in WIDTHS for found in sideways(seen.page, width)] == []
            seen.page.click(".basket-sum .button, .message .button")


def lost_and_none() -> list[dict[str, object]]:
    vase: dict[str, object] = {"title": "Vase", "price": 9}
    lost = {**vase, "id": "lost", "image": f"{NOWHERE}/vase.jpg", "image_alt": "A vase of clay"}
    return [lost, {**vase, "id": "none"}]


def test_a_picture_that_does_not_load_looks_like_one_that_is_not_there(
    browser: Browser, selling: OpenShop
) -> None:
    server = selling(lost_and_none())
    with watched(browser) as seen:
        frame = seen.page.locator(".product .frame")
        seen.page.goto(f"{server.url}/products/none")
        empty = frame.screenshot()
        seen.page.goto(f"{server.url}/products/lost")
        assert frame.screenshot() == empty


def test_without_scripts_the_style_alone_draws_its_frame(
    browser: Browser, selling: OpenShop
) -> None:
    server = selling(lost_and_none())
    with watched(browser, java_script_enabled=False) as seen:
        seen.page.goto(f"{server.url}/products/lost")
        drawn = seen.page.locator(".product .frame img").evaluate(
            """(picture) => {
              const { content, inlineSize, backgroundColor } = getComputedStyle(picture, "::before");
              const frame = getComputedStyle(picture.parentElement);
              return [content, inlineSize === frame.inlineSize, backgroundColor === frame.backgroundColor];
            }"""
        )
        assert drawn == ['"V"', True, True]


def test_pictures_that_come_with_a_component_and_fail_leave_their_frames(
    browser: Browser, selling: OpenShop
) -> None:
    server = selling(
        [
            {"id": f"p{at}", "title": "Cup", "price": 9, "image": f"{NOWHERE}/{at}.jpg"}
            for at in range(9)
        ]
    )
    with watched(browser) as seen:
        seen.page.goto(f"{server.url}/store")
        seen.wait_until_done()
        pictures = seen.page.locator(".frame img:visible")
        pictures.evaluate_all("all => all.forEach((picture) => { picture.loading = 'eager'; })")
        expect(pictures).to_have_count(0, timeout=60_000)  # what is not shown is not fetched
        empty = seen.page.locator(".frame-empty:visible").count()
        assert empty == seen.page.locator(".frame:visible").count() > 9
        assert seen.violations() == []
        assert seen.layout_shift() == []
