"""Layout shift: measured by the browser, and what would cause it is named and held back."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.workbench.test_player import open_player, play_to_the_end, view
from tools.support.workbench import Desk


def test_a_component_taller_than_its_fallback_is_named_and_offered(desk: Desk, page: Page) -> None:
    with desk.saves() as news:
        desk.save(
            "components/filters.css",
            desk.text("components/filters.css")
            + '[data-filled-by="filters"] > .ways { min-block-size: 400px; }\n',
        )
        next(news)
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
