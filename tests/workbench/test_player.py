"""The stream player: a whole page from a recording, held, hurried, and made to go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Frame, Page

from tests.support.shopper_client import events
from tests.workbench.conftest import expected
from tests.workbench.test_gallery import fits_a_narrow_screen
from tools.support import http
from tools.support.browser import Watched, let_in
from tools.support.workbench import Desk, until

SLOTS = ["hero", "filters", "grid", "recommendations", "cta"]


@pytest.fixture
def desk(shared_desk: Desk) -> Desk:
    return shared_desk


@pytest.fixture
def page(window: Watched, desk: Desk) -> Iterator[Page]:
    """The window, which stays at the player, and must not have complained by the end."""
    let_in(window.page.context, desk.server)
    window.console.clear()
    yield window.page
    assert [line for line in window.console if not expected(line)] == []


def open_player(desk: Desk, page: Page, **choices: str) -> None:
    """Have the player play with these choices, all told at once, and otherwise as it was opened."""
    go_to_the_player(desk, page)
    begin = """(form, choices) => {
      form.reset();
      for (const [name, value] of Object.entries(choices)) form[name].value = value;
      form.source.dispatchEvent(new Event("change", {bubbles: true}));
    }"""
    page.eval_on_selector("[data-score]", begin, choices)
    loaded(page)


def go_to_the_player(desk: Desk, page: Page) -> None:
    """Open the player, if it is not what the window shows."""
    if page.url != f"{desk.url}/play":
        page.goto(f"{desk.url}/play")
        page.wait_for_selector("body[data-listening]")
        loaded(page)


def loaded(page: Page) -> None:
    """Wait until the latest playback is in all views."""
    page.wait_for_selector("body[data-played]")
    page.wait_for_selector("[data-view=stream] iframe[data-loaded]")
    page.wait_for_selector("[data-view=kept] iframe[data-loaded]")


def view(page: Page, name: str) -> Frame:
    handle = page.wait_for_selector(f"[data-view={name}] iframe")
    assert handle
    frame = handle.content_frame()
    assert frame
    return frame


def filled(page: Page, name: str) -> list[str]:
    """Return the slots of a view that are filled by something better than the fallback."""
    found: list[str] = view(page, name).evaluate(
        "[...document.querySelectorAll('[data-slot]:not([data-filled-by=fallback])')]"
        ".map(slot => slot.dataset.slot)"
    )
    return found


def play_to_the_end(page: Page) -> None:
    """Play until all has been sent and, where the page has an end, until it has come."""
    page.select_option("[data-speed]", "16")
    page.click("[data-do=play]")
    until(
        page,
        """fetch(`/design/plays/${document.body.dataset.played}`)
            .then((answer) => answer.json())
            .then(({ playing, position, length }) => !playing && position >= length)""",
    )
    page.wait_for_selector("[data-do=play]")
    for _ in range(20):
        ended = view(page, "stream").query_selector("main[data-stream]") is None
        page.wait_for_timeout(200)  # and what is measured of it has been told
        if ended:
            break


def step(page: Page) -> None:
    """Step to the next event, and wait until the page has what has arrived by then."""
    with page.expect_response(lambda answer: answer.request.method == "POST") as answered:
        page.click("[data-do=step]")
    state = answered.value.json()
    due = sum(
        event["name"] == "component" and event["at"] <= state["position"]
        for event in state["events"]
    )
    better = "document.querySelectorAll('[data-slot]:not([data-filled-by=fallback])').length"
    until(view(page, "stream"), f"{better} >= {due}")


def log(page: Page, what: str) -> list[str]:
    codes: list[str] = page.eval_on_selector_all(
        f"[data-log] [data-what={what}]", "all => all.map(item => item.dataset.code)"
    )
    return codes


def test_it_begins_with_the_shell_steps_from_event_to_event_and_seeks_back_and_forwards(
    desk: Desk, page: Page
) -> None:
    open_player(desk, page, source="recording:compact")
    assert fits_a_narrow_screen(page)
    assert filled(page, "stream") == []
    for at in range(1, 6):
        while len(filled(page, "stream")) < at:
            step(page)
        assert filled(page, "stream") == SLOTS[:at]
    assert filled(page, "shell") == []
    seek = "[data-seek]"
    page.locator(seek).fill("900")
    until(
        page,
        "document.querySelector('[data-view=stream] [data-caption]').textContent.startsWith('1 of 5')",
    )
    assert filled(page, "stream") == ["hero"]
    page.locator(seek).fill(str(page.evaluate("document.querySelector('[data-seek]').max")))
    until(view(page, "stream"), "!document.querySelector('main[data-stream]')")
    assert filled(page, "stream") == SLOTS


def test_finished_and_kept_page_are_the_same_nothing_moves_and_no_javascript_gets_there_too(
    desk: Desk, page: Page
) -> None:
    open_player(desk, page, source="recording:pretty")
    page.wait_for_selector("[data-view=kept] [data-caption]:has-text('the same, slot for slot')")
    assert filled(page, "finished") == filled(page, "kept") == SLOTS
    assert filled(page, "nojs") == []
    play_to_the_end(page)
    until(
        view(page, "nojs"), "document.querySelector('[data-slot=hero]').dataset.filledBy === 'hero'"
    )
    assert page.get_attribute("[data-view=nojs] iframe", "sandbox") == "allow-same-origin"
    assert page.text_content("[data-shift-sum]") == "Nothing has moved."
    rows = page.eval_on_selector_all(
        "[data-shifts] tr", "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    empty = [row for row in rows if row[0] not in SLOTS]
    assert empty == [[name, "0", "as it was", "0.0000"] for name in ("feature", "recent")]
    assert [row[0] for row in rows if row not in empty] == SLOTS
    for slot, fallback, content, shift in (row for row in rows if row not in empty):
        assert content == f"{fallback} ({slot})"
        assert shift == "0.0000"


def test_an_event_has_a_fate_of_its_own(desk: Desk, page: Page) -> None:
    open_player(desk, page, source="recording:compact")
    choose = """(selects, fates) => fates.forEach((fate, at) => {
      selects[at].value = fate;
      selects[at].dispatchEvent(new Event("change"));
    })"""
    page.eval_on_selector_all("[data-events] select", choose, ["twice", "swapped", "none", "lost"])
    page.select_option("[data-events] tr:nth-child(5) select", "late")
    loaded(page)
    play_to_the_end(page)
    until(view(page, "stream"), "!document.querySelector('main[data-stream]')")
    assert filled(page, "stream") == SLOTS[:3], "what comes after the end is not taken"
    allowed = {"Cookie": desk.server.workbench_cookie}
    played = page.evaluate("document.body.dataset.played")
    text = http.get(f"{desk.url}/plays/{played}/stream", headers=allowed).text
    sent = list(events(text.split("\n")))
    drawn = [event.payload["slot"] for event in sent if event.name == "component"]
    assert drawn == ["hero", "hero", "filters", "grid"]
    numbers = [event.id for event in sent]
    assert numbers != sorted(numbers), "the one after filters has overtaken it"


def test_a_cut_connection_is_made_again_and_loses_nothing(desk: Desk, page: Page) -> None:
    open_player(desk, page, source="recording:compact", cut="3")
    play_to_the_end(page)
    until(view(page, "stream"), "!document.querySelector('main[data-stream]')")
    assert filled(page, "stream") == SLOTS
    played = page.evaluate("document.body.dataset.played")
    assert desk.get(f"/plays/{played}").json()["cuts"] == 1


def test_an_invented_product_is_refused_and_its_fallback_stays(desk: Desk, page: Page) -> None:
    open_player(desk, page, source="recording:compact", fault="invents", at="4")
    page.wait_for_selector("[data-log] [data-what=refused]")
    assert log(page, "refused") == ["UNKNOWN_PRODUCT"]
    play_to_the_end(page)
    assert filled(page, "stream") == ["hero", "filters", "grid", "cta"]


def test_broken_json_costs_its_component_at_most(desk: Desk, page: Page) -> None:
    open_player(desk, page, source="recording:compact", fault="breaks", at="2")
    page.wait_for_selector("[data-log] [data-what=model_ended]")
    faulty = log(page, "refused") + log(page, "repaired")
    assert faulty != []
    play_to_the_end(page)
    assert {"hero", "grid"} <= set(filled(page, "stream"))


def test_a_model_that_stalls_too_long_is_given_up_and_the_house_finishes(
    desk: Desk, page: Page
) -> None:
    open_player(desk, page, source="recording:compact", fault="stalls", at="2", seconds="30")
    page.wait_for_selector("[data-log] [data-what=model_failed]")
    assert log(page, "model_failed") == ["TIMEOUT"]
    assert log(page, "asked") == ["recording", "house"]
    play_to_the_end(page)
    assert filled(page, "stream") == SLOTS


def test_a_short_stall_only_takes_time(desk: Desk) -> None:
    def length(**fault: Any) -> int:
        told = {"source": "recording:compact", "fault": fault}
        state = desk.post("/plays", told).json()
        while not state["done"]:
            state = desk.get(f"/plays/{state['id']}").json()
        return int(state["length"])

    assert length(kind="stalls", at=2, seconds=5) == length(kind="none") + 5000


def test_a_component_taller_than_its_fallback_is_named_and_offered(desk: Desk, page: Page) -> None:
    styles = desk.text("components/filters.css")
    tall = '[data-filled-by="filters"] > .ways { min-block-size: 400px; }'
    go_to_the_player(desk, page)
    with desk.saves() as news:

        def save(text: str) -> None:
            desk.save("components/filters.css", text)
            page.wait_for_selector(f"body[data-seen='{next(news)['version']}']")
            loaded(page)

        save(f"{styles}{tall}\n")
        open_player(desk, page, source="recording:compact")
        play_to_the_end(page)
        page.wait_for_selector("[data-shift-sum].bad")
        said = page.text_content("[data-shift-sum]")
        assert said == "Nothing has moved. filters would have moved what follows."
        stream = view(page, "stream")
        slot = stream.locator("[data-slot=filters]")
        assert slot.evaluate("slot => slot.style.outlineStyle") == "dashed"
        assert slot.get_attribute("data-filled-by") == "fallback"
        content = page.locator("[data-shifts] [data-slot=filters] td:nth-child(3)")
        assert content.text_content() == "taller, so it is offered"
        slot.get_by_role("button", name="Arranged for you").click()
        assert content.text_content() == "432 (filters)"
        page.mouse.move(0, 0)  # what is pointed at is left as it is
        save(styles)


def test_a_live_composing_is_followed_and_can_be_played_again(desk: Desk, page: Page) -> None:
    open_player(desk, page, source="house")
    until(view(page, "stream"), "!document.querySelector('main[data-stream]')")
    assert filled(page, "stream") == SLOTS
    page.reload()
    loaded(page)
    page.select_option("[name=source]", label="Run of house, newcomer")
    loaded(page)
    play_to_the_end(page)
    assert filled(page, "stream") == SLOTS
