"""The gallery and the controls, as a designer uses them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from tests.support.waiting import eventually
from tests.workbench.conftest import LOW
from tools.support.workbench import Desk, until


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


def frame_of(page: Page, selector: str) -> Frame:
    """Return a frame once it has loaded and been measured."""
    handle = page.wait_for_selector(f"{selector}[data-loaded]")
    assert handle
    frame = handle.content_frame()
    assert frame
    return frame


def frame_in_gallery(page: Page, state: str) -> Frame:
    """Return a frame of a gallery, which is loaded once it is in view: what is above it may grow."""
    place = page.locator(f"{state} iframe")

    def is_loaded() -> bool:
        place.scroll_into_view_if_needed()
        return place.get_attribute("data-loaded") is not None

    eventually(is_loaded)
    return frame_of(page, f"{state} iframe")


def a_window_beside(page: Page) -> Page:
    """Open one more window of the same browser."""
    window = page.context.new_page()
    window.set_viewport_size(LOW)
    return window


def fits_a_narrow_screen(page: Page) -> bool:
    """Say whether a page needs no scrolling sideways on a phone; leave the window as it was."""
    page.set_viewport_size({"width": 360, "height": 240})
    wide: int = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(LOW)
    return wide <= 360


def test_every_component_is_there_in_every_state(desk: Desk, page: Page) -> None:
    page.goto(desk.url)
    shown = page.eval_on_selector_all(
        "[data-gallery] .state", "all => all.map(item => item.dataset.state)"
    )
    states = [item for item in desk.get("/states").json() if item["of"] == "components"]
    assert shown == [item["state"] for item in states]
    assert {item["component"] for item in states} >= {"hero", "grid", "filters", "cta"}
    assert frame_in_gallery(page, "[data-kind=cta] [data-state=typical]").query_selector(".cta")
    assert fits_a_narrow_screen(page)


def test_a_component_is_at_four_widths_at_once_and_its_list_is_ordered_shortened_and_lengthened(
    desk: Desk, page: Page
) -> None:
    page.goto(f"{desk.url}/components/grid")
    frames = [frame_of(page, f"iframe[data-width='{width}']") for width in WIDTHS]
    assert [frame.evaluate("innerWidth") for frame in frames] == [*WIDTHS]
    columns = "getComputedStyle(document.querySelector('.cards')).gridTemplateColumns"
    assert [len(frame.evaluate(columns).split()) for frame in frames] == [2, 4, 4, 4]
    page.wait_for_selector("body[data-begun]")
    first = "[data-prop=product_ids] .item:first-child"
    page.click(f"{first} [data-down]")
    for frame in frames:
        frame.wait_for_selector(".card:first-child:has-text('Oak Bread Board')")
    page.click(f"{first} [data-remove]")
    frames[1].wait_for_selector(".card:first-child:has-text('Morning Mugs')")
    assert page.text_content("[data-prop=product_ids] .count") == "7 of 8"
    page.click("[data-prop=product_ids] [data-add]")
    assert page.text_content("[data-prop=product_ids] .count") == "8 of 8"


WIDTHS = (360, 768, 1024, 1440)
LOOKS: list[tuple[str, str, str, Any, Any]] = [
    ("theme", "dark", "getComputedStyle(document.documentElement).colorScheme", "light only", "dark only"),
    ("dir", "rtl", "getComputedStyle(document.body).direction", "ltr", "rtl"),
    ("language", "de", "document.querySelector('.card .price').textContent.includes(',00\u00a0€')", False, True),
    ("text", "200", "getComputedStyle(document.documentElement).fontSize", "16px", "32px"),
    ("persona", "minimalist", "document.documentElement.dataset.persona", "newcomer", "minimalist"),
    ("motion", "reduced", "getComputedStyle(document.querySelector('.frame img')).transitionProperty", "scale", "all"),
    ("catalog", "one-product", "document.querySelectorAll('.card').length", 8, 1),
    ("catalog", "no-pictures", "document.querySelectorAll('.frame-empty').length", 0, 8),
    ("catalog", "no-stock", "document.querySelectorAll('.card-out').length", 0, 8),
    ("dir", "auto", "getComputedStyle(document.body).direction", "rtl", "ltr"),
    ("language", "ar", "document.documentElement.lang + ' ' + getComputedStyle(document.body).direction", "de ltr", "ar rtl"),
]  # fmt: skip


def test_a_look_changes_every_frame_and_the_address(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/components/grid")
    page.wait_for_selector("body[data-begun]")
    frame = frame_of(page, "iframe[data-width='768']")
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/styles.css?theme=dark&v=*", hold)
    for name, value, measured, before, after in LOOKS:
        assert frame.evaluate(measured) == before
        page.select_option(f"[name={name}]", value)
        if name == "motion":  # styles that were asked for five looks ago come now
            assert len(late) == len(WIDTHS)
            for route in late:
                route.continue_()
        until(frame, f"({measured}) === {json.dumps(after)}")
        told = parse_qs(urlsplit(page.url).query).get(name, ["auto"])
        assert told == [value]
    page.goto(page.url)
    again = frame_of(page, "iframe[data-width='768']")
    last = {name: (measured, after) for name, _, measured, _, after in LOOKS if name != "dir"}
    shown = [again.evaluate(measured) for measured, _ in last.values()]
    assert shown == [after for _, after in last.values()]


def test_a_state_alone_has_an_address_and_no_script(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/frame/hero?state=longest&theme=dark&text=200&dir=rtl")
    assert page.text_content(".hero-headline") == (
        "The watering can that reaches plants you keep forgetting"
    )
    assert page.evaluate("document.scripts.length") == 0
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"


def test_a_frame_shows_what_the_shop_draws_and_a_control_what_the_address_says_within_its_limits(
    desk: Desk, page: Page
) -> None:
    page.goto(f"{desk.server.url}/store")
    assert page.locator("[data-slot=hero] .hero-headline").count() == 1
    page.goto(f"{desk.url}/components/hero")
    page.wait_for_selector("body[data-begun]")
    frame = frame_of(page, "iframe[data-width='360']")
    drawn = frame.inner_html(".slot")
    assert "A lamp that knows when to be quiet" in drawn
    assert "€148.00" in drawn, "the price is the catalog's"
    page.fill("[data-prop=headline] input", "Something <b>else</b> entirely")
    page.wait_for_selector("[data-refusal]:not([hidden])")
    assert page.text_content("[data-refusal]") == "MARKUP_IN_COPY hero.headline"
    assert page.text_content("[data-misfit=headline]") == "copy holds markup"
    assert frame.query_selector(".hero-headline b") is None, "drawn as text"
    page.fill("[data-prop=headline] input", "Something else entirely")
    page.wait_for_selector("[data-refusal]", state="hidden")
    page.select_option("[data-prop=product_id] select", "moon-jar")
    frame.wait_for_selector("img[src*=moon-jar]")
    assert frame.text_content(".hero-headline") == "Something else entirely"
    page.goto(page.url)
    again = frame_of(page, "iframe[data-width='360']")
    assert again.text_content(".hero-headline") == "Something else entirely"
    assert page.input_value("[data-prop=headline] input") == "Something else entirely"
    page.wait_for_selector("body[data-begun]")
    page.fill("[data-prop=eyebrow] input", "x" * 29)
    assert page.text_content("[data-prop=eyebrow] .count") == "29 of 28"
    expect(page.locator("[data-refusal]")).to_have_text(
        "COPY_TOO_LONG hero.eyebrow", timeout=60_000
    )
    assert fits_a_narrow_screen(page)


def test_what_the_model_is_told_stands_beside_it_and_props_are_kept_as_a_sample(
    desk: Desk, page: Page
) -> None:
    before = desk.text("components/cta.samples.json")
    page.goto(f"{desk.url}/components/cta")
    assert "the invitation, at most seven words" in (page.text_content("[data-description]") or "")
    assert page.text_content("[data-tokens]") == str(desk.get("/descriptions/cta").json()["tokens"])
    page.wait_for_selector("body[data-listening]")
    page.fill("[data-prop=headline] input", "Come by in the evening")
    page.fill("[data-save-sample] input", "evening")
    page.click("[data-save-sample] button")
    page.wait_for_selector("[data-save-sample] .status:has-text('Saved as evening')")
    page.wait_for_selector("body[data-seen]")
    after = desk.text("components/cta.samples.json")
    assert after.startswith(before.rstrip()[:-1].rstrip()), "what stood there is untouched"
    assert json.loads(after)[-1]["config"]["headline"] == "Come by in the evening"
    page.goto(f"{desk.url}/components/cta?state=evening")
    assert "Come by in the evening" in frame_of(page, "iframe[data-width='360']").inner_text(".cta")


def test_it_fits_a_narrow_screen_and_is_usable_by_keyboard(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/checks")
    page.wait_for_selector("body[data-begun]")
    assert fits_a_narrow_screen(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the work"
