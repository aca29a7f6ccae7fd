"""Saving a file: redrawn where it shows, told where it is wrong, and never a broken shop."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.support.props import LIBRARY
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.workbench.test_gallery import a_window_beside, frame_in_gallery, frame_of
from tools.support.workbench import Desk, until

HERO = "components/hero.jinja"
KINDS = set(LIBRARY.specs)


def listening(page: Page) -> None:
    page.wait_for_selector("body[data-listening]")


def test_what_a_save_touches_is_redrawn_in_every_window_keeping_controls_and_scroll(
    desk: Desk, page: Page
) -> None:
    gallery = a_window_beside(page)
    gallery.goto(desk.url)
    for kind in ("filters", "grid", "hero"):
        other = frame_in_gallery(gallery, f"[data-kind={kind}] [data-state=typical]")
    listening(gallery)
    page.goto(f"{desk.url}/components/hero")
    listening(page)
    page.fill("[data-prop=headline] input", "Mine alone")
    page.evaluate("scrollTo(0, 400)")
    frame = frame_of(page, "iframe[data-width='360']")
    frame.wait_for_selector(".hero-headline:has-text('Mine alone')")
    frame.evaluate("window.before = 'the same document'")
    desk.edit(HERO, "</h1>", " ✓</h1>")
    frame.wait_for_selector(".hero-headline:has-text('Mine alone ✓')")
    assert frame.evaluate("window.before") == "the same document", "redrawn, not loaded again"
    assert page.input_value("[data-prop=headline] input") == "Mine alone"
    assert page.evaluate("scrollY") == 400
    other.wait_for_selector(".hero-headline:has-text('quiet ✓')")
    page.goto("about:blank")

    def redrawn(seen: int) -> set[str]:
        gallery.wait_for_selector(f"body[data-seen='{seen}']")
        kinds: list[str] = gallery.eval_on_selector_all(
            "iframe[data-drawn]", "all => all.map(frame => frame.dataset.frame)"
        )
        gallery.evaluate(
            "document.querySelectorAll('[data-drawn]').forEach(f => delete f.dataset.drawn)"
        )
        return set(kinds)

    assert redrawn(2) == {"hero"}
    desk.save("components/filters.jinja", f"<i></i>{desk.text('components/filters.jinja')}")
    assert redrawn(3) == {"filters"}
    desk.edit("components/parts/product.jinja", "Sold out", "All gone")
    touched = redrawn(4)
    assert touched >= {"hero", "grid"}
    assert "filters" not in touched


def test_styles_are_changed_in_place_and_what_was_saved_while_the_shop_was_away_is_taken_up(
    desk: Desk, page: Page
) -> None:
    page.goto(f"{desk.url}/components/cta")
    frame = frame_of(page, "iframe[data-width='768']")
    listening(page)
    desk.save(
        "components/cta.css", desk.text("components/cta.css") + ".cta { outline: 9px solid; }\n"
    )
    until(frame, "getComputedStyle(document.querySelector('.cta')).outlineWidth === '9px'")
    assert ".cta { outline: 9px solid; }" in _stylesheet(desk)
    desk.server.stop()
    page.wait_for_selector("[data-pulse][data-lost]")
    desk.edit("components/cta.jinja", "</h2>", " ✓</h2>")
    desk.server.start()
    frame.wait_for_selector("h2:has-text('✓')")
    page.wait_for_selector("[data-pulse]:not([data-lost])")


def _stylesheet(desk: Desk) -> str:
    with Shopper(desk.server) as shopper:
        html = shopper.store().text
        address = html.split('rel="stylesheet" href="')[1].split('"')[0]
        return shopper.get(address).text


def test_changed_props_reach_controls_brief_and_admission_and_an_undefined_variable_is_shown(
    desk: Desk, page: Page
) -> None:
    page.goto(f"{desk.url}/components/hero")
    frame = frame_of(page, "iframe[data-width='360']")
    listening(page)
    before = frame.inner_html(".slot")
    desk.edit(HERO, "{{ props.headline }}", "{{ props.headlin }}")
    fault = page.wait_for_selector(f"[data-faults] .fault[data-file='{HERO}']")
    assert fault
    words = fault.inner_text()
    assert f"{HERO}, line 6" in words
    assert "UndefinedError: 'Hero object' has no attribute 'headlin'" in words
    assert '<h1 class="hero-headline clamped">{{ props.headlin }}</h1>' in words
    assert "props.headline\n'A lamp that knows when to be quiet'" in words
    assert frame.inner_html(".slot") == before
    assert "hero-headline" in desk.store(), "the shop goes on"
    desk.edit(HERO, "props.headlin ", "props.headline ")
    page.wait_for_selector("[data-faults]:empty", state="attached")
    assert page.locator(".fault").count() == 0
    desk.edit("components/hero.py", "two or three words above", "a whisper above")
    page.wait_for_selector("[data-description]:has-text('a whisper above')")
    page.wait_for_selector("[data-prop=eyebrow]:has-text('a whisper above')")
    desk.edit("components/hero.py", "max_length=28", "max_length=40")
    page.wait_for_selector("[data-prop=eyebrow]:has-text('2 to 40 characters')")
    page.fill("[data-prop=eyebrow] input", "x" * 39)
    page.wait_for_selector("[data-shown][data-drawn]")
    assert page.is_hidden("[data-refusal]")


def test_the_running_shop_takes_up_what_is_good_and_nothing_else(desk: Desk) -> None:
    with desk.saves() as news:
        desk.edit(HERO, "</h1>", " ✓</h1>")
        assert next(news)["components"] == ["hero"]
        assert " ✓</h1>" in desk.store()
        desk.edit(HERO, "✓", "{{ nonsense }}")
        assert next(news)["faults"][0]["file"] == HERO
        assert " ✓</h1>" in desk.store()
        desk.edit("components/cta.jinja", "</h2>", " still taken</h2>")
        told = next(news)
        assert told["components"] == ["cta"]
        assert told["faults"][0]["file"] == HERO
        store = desk.store()
        assert " still taken</h2>" in store
        assert " ✓</h1>" in store


def test_a_kept_page_is_drawn_again_from_its_choices(desk: Desk) -> None:
    with Shopper(desk.server) as shopper, desk.saves() as news:
        shopper.follow(stream_of(shopper.store().text))
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        desk.edit(HERO, "</h1>", " ✓</h1>")
        next(news)
        again = shopper.store()
        assert again.headers["x-wandstore-page"] == "redrawn"
        assert " ✓</h1>" in again.text
        assert set(fillers(again.text).values()) == {
            "hero",
            "filters",
            "grid",
            "story",
            "recommendations",
            "cta",
        }


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("components/parts/product.jinja", "{% macro price(item) %}", "{% macro price(item) %}{% if %}", "TemplateSyntaxError"),
        ("components/shell.jinja", "{{ shop.name }}</a>", "{{ shop.nam }}</a>", "UndefinedError"),
        ("components/hero.py", "from typing", "frm typing", "SyntaxError"),
        ("components/fields.py", "_MARKUP = ", "_MARKUP = nothing.such + ", "NameError"),
        ("components/cta.samples.json", '"headline":', '"headline', "not JSON"),
        ("components/cta.samples.json", '"link_text": "Browse', '"link_text": "<b>Browse', "copy holds markup"),
        ("components/slots.py", 'Slot("cta", ', "Slot(", "TypeError"),
        ("prompts/house.json", '"fallback"', "fallback", "not JSON"),
        ("prompts/words/nl.txt", "20 twintig", "some twintig", "'some' is no number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_file_and_line(
    shared_desk: Desk, file: str, old: str, new: str, told: str
) -> None:
    before = shared_desk.text(file)
    (fault,) = faults_of(shared_desk, file, before.replace(old, new, 1))
    guilty = [line["text"] for line in fault["lines"] if line["guilty"]]
    assert told in fault["message"]
    assert fault["file"] == file
    assert fault["line"] == before[: before.index(old)].count("\n") + 1
    assert guilty == [before.replace(old, new, 1).splitlines()[fault["line"] - 1]]


def faults_of(desk: Desk, file: str, text: str) -> list[dict[str, Any]]:
    """Save a file, hear what is wrong with it, and repair it."""
    before = desk.text(file)
    with desk.saves() as news:
        desk.save(file, text)
        heard = next(news)
        desk.save(file, before)
        assert next(news)["faults"] == []
    faults: list[dict[str, Any]] = heard["faults"]
    return faults


def test_a_prop_that_no_longer_fits_a_sample_is_told_at_the_sample(shared_desk: Desk) -> None:
    text = shared_desk.text("components/hero.py").replace("max_length=56", "max_length=6")
    (fault,) = faults_of(shared_desk, "components/hero.py", text)
    assert fault["file"] == "components/hero.samples.json"
    assert fault["line"] == 7
    assert fault["message"] == "headline: String should have at most 6 characters"
    assert fault["where"] == "hero, sample typical"


def test_a_brief_without_a_place_for_components_is_told(shared_desk: Desk) -> None:
    text = shared_desk.text("prompts/storefront.md").replace("{{ components }}", "")
    (fault,) = faults_of(shared_desk, "prompts/storefront.md", text)
    assert "needs {{ components }} exactly once" in fault["message"]


def test_more_windows_than_a_browser_has_connections_are_all_redrawn(
    desk: Desk, page: Page
) -> None:
    windows = [page.context.new_page() for _ in range(6)]
    for window in windows:
        window.goto(f"{desk.url}/evals")
        listening(window)
    page.goto(f"{desk.url}/components/cta")
    listening(page)
    desk.edit("components/cta.jinja", "</h2>", " ✓</h2>")
    for window in windows:
        window.wait_for_selector("body[data-seen='2']")
    frame_of(page, "iframe[data-width='360']").wait_for_selector("h2:has-text('✓')")


def test_a_prompt_and_a_persona_reach_the_next_brief(desk: Desk, page: Page) -> None:
    page.goto(f"{desk.url}/compose")
    listening(page)
    page.wait_for_selector("[data-instructions]:has-text('You arrange')", state="attached")
    desk.edit("prompts/storefront.md", "You arrange an online", "You furnish an online")
    page.wait_for_selector("[data-instructions]:has-text('You furnish')", state="attached")
    desk.save("prompts/personas/newcomer.md", "Somebody new, who likes blue.\n")
    page.wait_for_selector("[data-request]:has-text('who likes blue')", state="attached")


def test_a_module_others_build_on_is_taken_up_as_a_whole(desk: Desk) -> None:
    with desk.saves() as news:
        desk.edit("components/fields.py", "copy holds markup", "copy holds tags")
        assert set(next(news)["described"]) == KINDS
    config = {"product_id": "moon-jar", "eyebrow": "<b>"}
    props = json.dumps(config)
    answer = desk.get("/drawing/hero?props=" + props.replace("<", "%3C").replace('"', "%22")).json()
    assert ["eyebrow", "copy holds tags"] in answer["details"]


def test_a_file_that_goes_away_takes_its_component_with_it(desk: Desk, page: Page) -> None:
    page.goto(desk.url)
    listening(page)
    for name in ("filters.jinja", "filters.py", "filters.samples.json", "filters.css"):
        assert (desk.root / "components" / name).exists()
    copy = desk.root / "components"
    for ending in ("samples.json", "css", "jinja", "py"):
        text = (copy / f"cta.{ending}").read_text()
        (copy / f"promise.{ending}").write_text(text.replace("class Cta", "class Promise"))
    page.wait_for_selector("[data-names] a:has-text('promise')")
    page.wait_for_selector("[data-kind=promise] [data-state=typical]")
    (copy / "promise.py").unlink()
    page.wait_for_selector("[data-kind=promise]", state="detached")


def test_a_sample_that_was_broken_before_the_start_is_told_and_the_shop_is_open(
    desk: Desk,
) -> None:
    desk.server.stop()
    desk.edit("components/cta.samples.json", '"headline"', '"heading"')
    desk.server.start()
    assert "cta-headline" in desk.store()
    assert "headline: Field required" in desk.get("/").text
    with desk.saves() as news:
        desk.edit("components/cta.samples.json", '"heading"', '"headline"')
        assert next(news)["faults"] == []
