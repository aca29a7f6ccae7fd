"""Layout shift: measured by the browser, and laid at the door of the slot that caused it."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.workbench.test_player import open_player, play_to_the_end, view
from tools.support.workbench import Desk


def test_a_component_taller_than_its_fallback_is_named(desk: Desk, page: Page) -> None:
    with desk.told() as news:
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
    assert said
    assert said.endswith("caused by filters")
    outlined = view(page, "stream").evaluate(
        "document.querySelector('[data-slot=filters]').style.outlineStyle"
    )
    assert outlined == "dashed"
    content = page.text_content("[data-shifts] [data-slot=filters] td:nth-child(3)")
    assert content == "400 (filters)"
