"""The page in a real browser while it is composed: what a shopper sees, and what never happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import repeat
from typing import Literal

import pytest
from playwright.sync_api import Browser

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import (
    SLOTS,
    Model,
    answer,
    component,
    ends_of_components,
)
from tests.support.flaky_proxy import cutting
from tests.support.waiting import eventually
from tools.support import http
from tools.support.browser import Watched, wait_until_still, watched
from tools.support.edge import Edge
from tools.support.server import Server

ORDERS = [SLOTS, SLOTS[::-1], ("cta", "hero", "recommendations", "filters", "grid")]
WIDTHS = (360, 768, 1280)

Scheme = Literal["light", "dark"]


@pytest.fixture
def composed_by_model(in_both_shapes: Server) -> Server:
    """Every test here is run on one machine, and then through the Worker."""
    return in_both_shapes


def fillers(slots: dict[str, list[str]]) -> dict[str, str]:
    return {slot: filler for slot, (filler, _) in slots.items()}


def ordered(order: tuple[str, ...]) -> str:
    return answer(*(component(kind) for kind in order))


def test_a_page_is_a_shop_at_once_fills_as_json_closes_says_so_and_is_kept(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    text = ordered(ORDERS[2])
    model.play(Scenario(text, hold_after=(0, *ends_of_components(text))))
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{composed_by_model.url}/store")
        model.reached(1)
        assert fillers(seen.slots()) == dict.fromkeys(SLOTS, "fallback")
        assert page.locator("[data-slot=grid] a[href^='/products/']").count() == 8
        assert page.locator("main img").first.evaluate("image => image.complete")
        ready = page.locator("[role=status]")
        for at, slot in enumerate(ORDERS[2], 1):
            assert ready.text_content() != "Your page is ready."
            model.release()
            model.reached(at + 1)
            page.wait_for_selector(f"[data-slot={slot}][data-filled-by={slot}]")
            later = dict.fromkeys(ORDERS[2][at:], "fallback")
            assert {name: fillers(seen.slots())[name] for name in later} == later
        model.release()
        seen.wait_until_done()
        assert seen.swaps() == list(ORDERS[2])
        assert ready.text_content() == "Your page is ready."
        page.wait_for_load_state("networkidle")
        seen.requests.clear()
        page.wait_for_timeout(2500)
        assert seen.requests == [], "something is asked for after the page is ready"
        streamed = seen.slots()
        assert fillers(streamed) == {slot: slot for slot in SLOTS}
        response = page.reload()
        assert response is not None
        assert response.headers["x-wandstore-page"] == "kept"
        assert seen.slots() == streamed
        page.wait_for_load_state("networkidle")
        asked_anew = [url for url in seen.requests if "/static/" not in url and "/pic" not in url]
        assert asked_anew == [f"{composed_by_model.url}/store"], "more than one, or a stream"
        assert len(model.requests) == 1


def test_a_component_that_comes_restyles_no_other_slot(
    browser: Browser, serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:2]))
    with watched(browser, 390) as seen:
        seen.page.goto(f"{serve(**model.environment).url}/store")
        model.reached(1)
        seen.page.wait_for_selector("[data-filled-by=hero]")
        wait_until_still(seen.page)
        browser.start_tracing(page=seen.page, categories=["devtools.timeline"])
        model.release()
        model.reached(2)
        seen.page.wait_for_selector("[data-filled-by=filters]")
        wait_until_still(seen.page)
        events = json.loads(browser.stop_tracing())["traceEvents"]
        there = seen.page.locator("main *, header *").count()
        model.release()
    restyled = [it["args"]["elementCount"] for it in events if it["name"] == "UpdateLayoutTree"]
    assert 0 < max(restyled) < there / 3


@pytest.mark.parametrize(
    ("in_both_shapes", "width", "order"),
    [
        *zip(repeat("one machine"), WIDTHS, ORDERS, strict=False),
        ("through the Worker", 360, ORDERS[1]),
    ],
    indirect=["in_both_shapes"],
)
def test_nothing_moves_nothing_complains_and_nothing_goes_elsewhere(
    browser: Browser, composed_by_model: Server, model: Model, width: int, order: tuple[str, ...]
) -> None:
    text = ordered(order)
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    with watched(browser, width) as seen:
        seen.page.goto(f"{composed_by_model.url}/store")
        for at, slot in enumerate(order):
            seen.page.locator(f"[data-slot={SLOTS[at]}]").scroll_into_view_if_needed()
            model.reached(at + 1)
            seen.page.wait_for_selector(f"[data-slot={slot}][data-filled-by={slot}]")
            model.release()
        seen.wait_until_done()
        seen.page.wait_for_timeout(300)
        assert seen.layout_shift() == []
        assert seen.console == []
        assert seen.violations() == []
        assert [url for url in seen.requests if not url.startswith(composed_by_model.url)] == []


@pytest.mark.parametrize(
    ("in_both_shapes", "reading"),
    [("one machine", False), ("one machine", True), ("through the Worker", True)],
    indirect=["in_both_shapes"],
)
def test_what_may_stay_out_comes_below_the_screen_and_is_offered_in_view(
    browser: Browser, composed_by_model: Server, model: Model, reading: bool
) -> None:
    config = {"product_id": "copper-kettle", "title": "It sings before it boils"}
    story = {"type": "story", "id": "feature", "config": config}
    model.play(Scenario(answer(*map(component, SLOTS), story), hold_after=(0,)))
    with watched(browser, 360) as seen:
        page = seen.page
        page.goto(f"{composed_by_model.url}/store")
        place = page.locator("[data-slot=feature]")
        assert place.evaluate("place => place.offsetHeight") == 0
        if reading:
            place.evaluate("place => place.scrollIntoView({block: 'center'})")
        model.release()
        seen.wait_until_done()
        if reading:
            offer = place.locator(".offer")
            offer.wait_for()
            wait_until_still(page)  # before, presses that were on their way do nothing
            assert place.evaluate("place => place.offsetHeight") == 0
            offer.click()
        page.wait_for_selector("[data-slot=feature][data-filled-by=story] .story")
        assert seen.layout_shift() == []
        assert seen.console == []


def test_a_slot_that_has_the_focus_waits_until_it_is_left(
    browser: Browser, serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with watched(browser) as seen:
        page = seen.page
        page.goto(f"{serve(**model.environment).url}/store")
        page.evaluate("document.querySelector('[data-slot=cta] > *').append("
                      "Object.assign(document.createElement('input'), {id: 'gone'}))")  # fmt: skip
        page.focus("#gone")
        model.release()
        seen.wait_until_done()
        assert fillers(seen.slots())["cta"] == "fallback"
        page.evaluate("document.activeElement.blur()")
        page.wait_for_selector("[data-slot=cta][data-filled-by=cta]")


def test_a_tab_opened_in_the_background_fills(
    browser: Browser, serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with watched(browser) as seen:
        front = seen.page.context.new_page()
        seen.page.goto(f"{serve(**model.environment).url}/store")
        front.bring_to_front()
        session = seen.page.context.new_cdp_session(seen.page)
        session.send("Emulation.setFocusEmulationEnabled", {"enabled": False})
        session.send("Page.setWebLifecycleState", {"state": "active"})
        model.release()
        seen.wait_until_done()
        assert fillers(seen.slots()) == {slot: slot for slot in SLOTS}


@pytest.mark.parametrize(
    ("in_both_shapes", "events"),
    [("one machine", 1), ("one machine", 3), ("through the Worker", 1)],
    indirect=["in_both_shapes"],
)
def test_a_connection_cut_after_every_so_many_events_loses_and_repeats_nothing(
    browser: Browser, composed_by_model: Server, model: Model, events: int
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with cutting(composed_by_model.port, events) as proxy, watched(browser) as seen:
        seen.page.goto(f"http://127.0.0.1:{proxy.port}/store")
        assert proxy.joined.wait(60), "the page does not follow its stream"
        model.release()
        seen.wait_until_done()
        assert proxy.cuts >= 1
        assert seen.swaps() == list(SLOTS)
        assert fillers(seen.slots()) == {slot: slot for slot in SLOTS}
        streams = proxy.streams
        seen.page.wait_for_timeout(1200)
        assert proxy.streams == streams, "the stream was opened again after its end"


def test_without_javascript_the_shell_sells_and_brings_the_finished_page(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with watched(browser, java_script_enabled=False) as seen:
        page = seen.page
        page.goto(f"{composed_by_model.url}/store")
        assert page.get_attribute("[data-slot=hero]", "data-filled-by") == "fallback"
        model.release()
        page.wait_for_selector("[data-slot=hero][data-filled-by=hero]")
        assert page.locator("main[data-stream]").count() == 0
        page.locator("[data-slot=grid] a").first.click()
        assert "/products/" in page.url
        page.wait_for_load_state()
        assert page.locator("h1").count() == 1


def test_two_tabs_of_one_shopper_share_one_composing(
    browser: Browser, edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(100,)))
    with watched(browser) as seen:
        seen.page.goto(f"{edge.url}/store")
        second = seen.page.context.new_page()
        second.goto(f"{edge.url}/store")
        model.release()
        for page in (seen.page, second):
            page.wait_for_selector("main:not([data-stream])")
            assert page.locator("[data-filled-by=fallback]:not(:empty)").count() == 0
    assert len(model.requests) == 1


@pytest.mark.process
def test_a_server_that_dies_in_mid_stream_and_returns_finishes_the_page(
    browser: Browser, composed_by_model: Server, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[:2]), Scenario(text))
    with watched(browser) as seen:
        seen.page.goto(f"{composed_by_model.url}/store")
        seen.page.wait_for_selector("[data-slot=hero][data-filled-by=hero]")
        # A picture that is on its way while the server dies leaves an empty frame behind.
        picture = seen.page.locator("[data-slot=hero] img").first
        eventually(lambda: picture.evaluate("image => image.complete"))
        composed_by_model.kill()
        composed_by_model.start()
        seen.wait_until_done()
        assert fillers(seen.slots()) == {slot: slot for slot in SLOTS}
        streamed = seen.slots()
        seen.page.reload()
        assert seen.slots() == streamed


def moments(seen: Watched, model: Model) -> Iterator[str]:
    """Yield while the page is a shell, in mid-stream, and finished, each once nothing moves."""
    wait_until_still(seen.page)
    yield "shell"
    model.release()
    seen.page.wait_for_selector("[data-slot=filters][data-filled-by=filters]")
    model.reached(2)
    wait_until_still(seen.page)
    yield "mid-stream"
    model.release()
    seen.wait_until_done()
    wait_until_still(seen.page)
    yield "finished"


def test_axe_finds_nothing_serious_at_any_moment(
    browser: Browser, serve: StartServer, model: Model
) -> None:
    """On one machine: through the Worker come the same shell, events and page."""
    text = answer()
    model.play(Scenario(text, hold_after=(0, ends_of_components(text)[1])))
    server = serve(**model.environment)
    colours = {"runOnly": ["color-contrast", "link-in-text-block"]}
    looks: list[tuple[int, Scheme, dict[str, list[str]]]]
    looks = [(1280, "light", {}), (360, "light", {}), (360, "dark", colours)]
    with watched(browser) as seen:
        seen.page.goto(f"{server.url}/store", wait_until="load")
        for moment in moments(seen, model):
            for width, scheme, options in looks:
                seen.page.set_viewport_size({"width": width, "height": 800})
                seen.page.emulate_media(color_scheme=scheme)
                violations = seen.axe(**options)
                serious = [
                    item["id"] for item in violations if item["impact"] in ("serious", "critical")
                ]
                assert serious == [], f"{moment}, {width}, {scheme}: {violations}"


@pytest.mark.parametrize("width", [360, 1280])
def test_what_a_slow_network_brings_in_pieces_moves_nothing(
    browser: Browser, house_server: Server, width: int
) -> None:
    page = http.get(f"{house_server.url}/store?sort=price_asc").text
    for end in ("</a>", "</li>", "</nav>", "</header>", "</ul>"):
        page = page.replace(end, f"{end}\f", 3)
    with cutting(house_server.port) as proxy, watched(browser, width) as seen:
        proxy.pages["/pieces"] = page
        seen.page.goto(f"http://127.0.0.1:{proxy.port}/pieces")
        assert seen.page.locator(".masthead").is_visible()
        assert seen.layout_shift() == []
