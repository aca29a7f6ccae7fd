"""The composer's bench: the brief, two runs, what they cost, and what is kept of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.support.fake_llm import Scenario
from tests.support.fake_llm.files import recording
from tests.support.fake_model import KEY, Model, answer, component
from tests.support.in_process import InProcessServer
from tests.workbench.test_gallery import fits_a_narrow_screen
from tools.support.browser import let_in, watched
from tools.support.workbench import Desk, a_desk


def run(page: Page, side: str, source: str) -> None:
    page.select_option(f"[data-side={side}] [name=source]", source)
    page.click(f"[data-side={side}] button[type=submit].first")


def figure(page: Page, side: str, name: str) -> str:
    page.wait_for_selector(f"[data-side={side}][data-ended]")
    return page.text_content(f"[data-side={side}] [data-figure='{name}']") or ""


@pytest.fixture
def bench(tmp_path: Path, model: Model, page: Page) -> Iterator[Desk]:
    """A desk with a provider."""
    with a_desk(tmp_path, InProcessServer, **model.environment) as desk:
        let_in(page.context, desk.server)
        page.goto(f"{desk.url}/compose")
        page.wait_for_selector("body[data-listening]")
        yield desk
        page.goto("about:blank")


def test_two_runs_show_their_briefs_what_was_refused_and_what_a_change_of_prompt_did_and_are_kept(
    bench: Desk, model: Model, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = answer()
    model.play(Scenario(text))
    page.select_option("[data-side=A] [name=persona]", "collector")
    page.select_option("[data-side=A] [name=category]", "Lamps")
    run(page, "A", "kimi")
    assert figure(page, "A", "Status") == "success"
    sent = [message["content"] for message in model.requests[0].body["messages"]]
    assert page.text_content("[data-side=A] [data-instructions]") == sent[0]
    assert page.text_content("[data-side=A] [data-request]") == sent[1]
    assert 'Leans towards: "Lamps"' in sent[1]
    tokens = page.text_content("[data-side=A] [data-tokens]")
    assert figure(page, "A", "Brief") == f"{tokens} tokens"

    bench.edit("prompts/storefront.md", "You arrange", "You carefully arrange")
    page.wait_for_selector(
        "[data-side=B] [data-instructions]:has-text('carefully')", state="attached"
    )
    hero = component("hero", headline="Another thought")
    wrong = component("cta", headline="Now 20% off")
    broken = answer(hero, component("grid"), wrong).replace('"id": "hero"', "'id': 'hero'")
    model.play(Scenario(broken))
    run(page, "B", "kimi")
    assert figure(page, "B", "Drawn") == "2"
    assert figure(page, "A", "Drawn") == "5"
    assert "carefully" in str(model.requests[1].body)
    assert "carefully" not in str(model.requests[0].body)
    assert figure(page, "B", "Status") == "partial"
    assert figure(page, "B", "Refused") == "1"
    assert figure(page, "B", "Mended") != "0"
    refused = page.text_content("[data-side=B] [data-what=refused]") or ""
    assert refused.endswith("cta.headline: OFFER_NOT_STATED (20 % off)")
    assert int(figure(page, "B", "Written").split()[0]) > 0
    assert KEY not in page.content()
    assert fits_a_narrow_screen(page)

    page.select_option("[data-side=A] [data-sample] select", "hero")
    page.fill("[data-side=A] [data-sample] input", "from-a-run")
    page.click("[data-side=A] [data-sample] button")
    page.wait_for_selector("[data-side=A] [data-sample] .status:has-text('Saved as from-a-run')")
    kept = json.loads(bench.text("components/hero.samples.json"))[-1]
    assert kept == {"name": "from-a-run", "config": component("hero")["config"]}

    page.fill("[data-side=A] [data-record] input", "autumn-run")
    page.click("[data-side=A] [data-record] button")
    page.wait_for_selector("[data-side=A] [data-record] .status:has-text('Saved as')")
    folder = bench.root / "tests" / "recordings"
    monkeypatch.setattr("tests.support.fake_llm.files._RECORDINGS", folder)
    assert recording("autumn-run") == text
    page.goto(f"{bench.url}/play")
    page.select_option("[name=source]", "recording:autumn-run")
    page.wait_for_selector("[data-view=kept] [data-caption]:has-text('the same')")


def test_a_brief_that_comes_after_a_later_one_is_not_shown(shared_desk: Desk, page: Page) -> None:
    page.goto(f"{shared_desk.url}/compose")
    page.wait_for_selector("body[data-listening]")
    late: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if "Lamps" in (route.request.post_data or ""):
            route.continue_()
        else:
            late.append(route)

    page.route("**/design/brief", hold_the_first)
    page.select_option("[data-side=A] [name=persona]", "collector")
    page.select_option("[data-side=A] [name=category]", "Lamps")
    leaning = "[data-side=A] [data-request]:has-text('Leans towards: \"Lamps\"')"
    page.wait_for_selector(leaning, state="attached")
    with page.expect_response("**/design/brief") as answered:
        late.pop().continue_()
    answered.value.finished()
    page.wait_for_timeout(200)
    assert page.locator(leaning).count() == 1


def test_a_new_component_is_offered_to_the_model_and_composed_into_the_shops_page(
    bench: Desk, model: Model, page: Page, browser: Browser
) -> None:
    for ending in ("samples.json", "css", "jinja", "py"):
        text = bench.text(f"components/cta.{ending}").replace("class Cta", "class Promise")
        bench.save(f"components/promise.{ending}", text.replace('class="cta{', 'class="promise{'))
    page.wait_for_selector("[data-instructions]:has-text('# promise (slot cta)')", state="attached")
    promise = {**component("cta"), "type": "promise"}
    model.play(
        Scenario(answer(*(component(kind) for kind in ("hero", "filters", "grid")), promise))
    )
    with watched(browser) as shopper:
        shopper.page.goto(f"{bench.server.url}/store")
        shopper.page.wait_for_selector("[data-slot=cta][data-filled-by=promise] .promise")
