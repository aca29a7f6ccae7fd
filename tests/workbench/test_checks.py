"""The checks, in the browser and from the command line: what is broken on purpose is found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Page

from app.__main__ import main
from tools.checks.__main__ import report_on
from tools.support.browser import let_in
from tools.support.server import ROOT
from tools.support.workbench import Desk, copy_of_the_files

CTA = "components/cta.jinja"
CHECKOUT = "components/pages/checkout.jinja"  # which has one state
SHADE = ".eyebrow { background: #888; }"


IMAGE = '<img src="/design/static/bench.svg">'
Edit = tuple[str, str, str]
Told = tuple[str, str]


def check(desk: Desk, page: Page, component: str) -> list[list[str]]:
    """Check one component; return component, state, theme, kind and text of each finding."""
    page.goto(f"{desk.url}/checks")
    page.wait_for_selector("body[data-begun]")
    page.select_option("[data-which]", component)
    page.click("[data-check]")
    page.wait_for_selector("body[data-checked]", timeout=600_000)
    found: list[list[str]] = page.eval_on_selector_all(
        "[data-findings] tr", "all => all.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    return found


def break_files(desk: Desk, edits: Sequence[Edit]) -> None:
    """Save these edits, none of which keeps the first state of what it changes from being drawn."""
    with desk.saves() as news:
        for edit in edits:
            desk.edit(*edit)
            assert next(news)["faults"] == []


def assert_told(found: Sequence[Sequence[str]], findings: Sequence[Told]) -> None:
    """Expect a finding of each kind, with these words."""
    for kind, told in findings:
        assert any(item[3] == kind and told in item[4] for item in found), (kind, told, found)


def test_the_shops_own_components_pass(desk: Desk, page: Page) -> None:
    found = check(desk, page, "")
    wrong = [item for item in found if item[3] not in ("unused style", "props")]
    assert wrong == []
    assert int(page.evaluate("document.body.dataset.checked")) >= 26


def test_what_is_broken_on_purpose_is_found(desk: Desk, page: Page) -> None:
    edits = [
        (
            CTA,
            '<h2 class="cta-headline clamped">',
            f'<h2 class="cta-headline clamped">{IMAGE}',
        ),
        ("components/cta.css", "32rem;", "32rem; color: #777;"),
        ("components/cta.css", ".cta-headline {", ".cta-nobody {} .cta-headline {"),
        (CTA, "</p>", "<div></div></p>"),
        (CTA, "</h2>", "</h3>"),
    ]
    break_files(desk, edits)
    assert_told(
        check(desk, page, "cta"),
        [
            ("alt", "bench.svg has no alt"),
            ("axe", "image-alt"),
            ("contrast", "color-contrast"),
            ("unused style", ".cta-nobody"),
            ("markup", "line 3"),
            ("markup", "h3"),
        ],
    )


def test_contrast_is_told_for_the_theme_and_the_state_that_lack_it(desk: Desk, page: Page) -> None:
    with desk.saves() as news:
        css = desk.text("components/cta.css")
        in_light = ".cta-text { color: light-dark(#23392d, #fff); }"
        in_dark = ".cta-headline { color: light-dark(#fff, #23392d); }"
        sold_out = ".cta-out { color: light-dark(#fff, #23392d); background: none; }"
        desk.save("components/cta.css", f"{css}{in_light}\n{in_dark}\n{sold_out}\n")
        next(news)
    found = [item for item in check(desk, page, "cta") if item[3] == "contrast"]
    places = {(item[1] == "sold-out", item[2], item[4].rpartition(": ")[2]) for item in found}
    assert places == {
        *((False, *place) for place in (("light", ".cta-text"), ("dark", "h2"))),
        *((True, *place) for place in (("light", ".cta-text"), ("dark", "h2, .cta-out"))),
    }


def test_a_picture_is_taken_accepted_and_missed_when_it_changes(desk: Desk, page: Page) -> None:
    page.context.clear_cookies()  # of another workbench on this machine, opened before this one
    page.context.add_cookies([{"name": "workbench_1", "value": "other", "url": desk.server.url}])
    let_in(page.context, desk.server)
    page.goto(f"{desk.url}/checks")
    page.wait_for_selector("body[data-listening]")
    page.select_option("[data-which]", "checkout-page")
    page.click("[data-take]")
    page.wait_for_selector("[data-picture='checkout-page.demonstration.360.light.png']")
    page.click("[data-accept-all]")
    page.wait_for_selector("[data-picture]", state="detached")
    accepted = desk.root / "components" / "pictures" / "checkout-page.demonstration.360.light.png"
    assert accepted.read_bytes().startswith(b"\x89PNG")
    look = "(max-width: 500px) and (prefers-color-scheme: light)"
    desk.save("static/shop.css", f"{desk.text('static/shop.css')}@media {look} {{ {SHADE} }}\n")
    page.wait_for_selector("body[data-seen]")
    page.evaluate("delete document.body.dataset.taken")
    page.click("[data-take]")
    page.wait_for_selector("body[data-taken]")
    picture = "[data-picture='checkout-page.demonstration.360.light.png']"
    assert "points differ" in (page.text_content(f"{picture} figcaption") or "")
    assert page.locator("[data-picture]").count() == 1, "the others are the same as accepted"
    before = accepted.read_bytes()
    page.click(f"{picture} button")
    page.wait_for_selector(picture, state="detached")
    assert accepted.read_bytes() != before


def run(root: Path, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "WANDSTORE_ROOT": str(root), "WANDSTORE_CATALOG": str(ROOT / "demo/catalog.json")},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )  # fmt: skip


@pytest.mark.process
@pytest.mark.browser
def test_the_command_fails_with_a_report_that_can_be_read(tmp_path: Path) -> None:
    root = copy_of_the_files(tmp_path / "root")
    path = root / CHECKOUT
    path.write_text(path.read_text().replace("<h1", f"{IMAGE}<h1"))
    bad = run(root, "tools.checks", "checkout-page")
    assert bad.returncode == 1
    assert "- checkout-page, demonstration: alt: bench.svg has no alt" in bad.stdout
    assert (root / "test-results" / "components.md").read_text() == bad.stdout


def test_a_new_component_passes_its_checks(
    desk: Desk, page: Page, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["wandstore", "component", str(desk.root), "kind_promise", "cta"]
    monkeypatch.setattr(sys, "argv", command)
    monkeypatch.setenv("WANDSTORE_CATALOG", str(ROOT / "demo/catalog.json"))
    with desk.saves() as news:
        assert main() == 0
        assert next(save for save in news if "kind_promise" in save["components"])
    assert "components/kind_promise.jinja" in capsys.readouterr().out
    assert report_on(page, desk.url, desk.root, "kind_promise") == 0
    told = capsys.readouterr().out
    assert told.startswith("# Components: 0 wrong, 0 notes in 6 states"), told
    assert main() == 2
    assert "components/ has files named 'kind_promise' already" in capsys.readouterr().err
