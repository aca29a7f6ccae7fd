"""Takes the pictures of the workbench that docs/components.md shows.

Run it as `python -m tools.screenshots.workbench`, in the environment that `make test` sets up.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tools.support.browser import launch, let_in
from tools.support.workbench import Desk, a_desk

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 400 * 1024
"""Bytes a picture may have, so that the guide opens quickly."""

_WINDOW: ViewportSize = {"width": 1280, "height": 900}
_SETTLED = 900
_PATIENCE = 900_000


def main() -> None:
    """Take all pictures anew, on a copy of the files."""
    with (
        TemporaryDirectory() as folder,
        a_desk(Path(folder), WANDSTORE_HOUSE_PACE="0.2") as desk,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        page = browser.new_page(viewport=_WINDOW)
        page.set_default_timeout(_PATIENCE)
        let_in(page.context, desk.server)
        _looking(desk, page)
        _playing(desk, page)
        _composing(desk, page)
        _checking(desk, page)
        browser.close()


def _looking(desk: Desk, page: Page) -> None:
    _open(page, f"{desk.url}/")
    _take(page, "gallery")
    _open(page, f"{desk.url}/components/hero")
    page.set_viewport_size({"width": 1280, "height": 1400})
    _take(page, "component")
    page.set_viewport_size(_WINDOW)
    _open(page, f"{desk.url}/pages/product-page?state=sold-out&theme=dark")
    _take(page, "pages")
    _open(page, f"{desk.url}/components/hero")
    desk.edit("components/hero.jinja", "props.headline", "props.headlin")
    page.wait_for_selector("[data-faults] .fault")
    page.evaluate("scrollTo(0, 0)")
    _take(page, "fault")
    desk.edit("components/hero.jinja", "props.headlin ", "props.headline ")
    page.wait_for_selector("[data-faults]:empty", state="attached")


def _playing(desk: Desk, page: Page) -> None:
    _open(page, f"{desk.url}/play")
    page.wait_for_selector("[data-view=kept] [data-caption]:has-text('the same')")
    for _ in range(2):
        page.click("[data-do=step]")
        page.wait_for_timeout(200)
    _take(page, "player")
    page.set_viewport_size(_WINDOW)


def _composing(desk: Desk, page: Page) -> None:
    _open(page, f"{desk.url}/compose")
    for side, persona in (("A", "minimalist"), ("B", "explorer")):
        page.select_option(f"[data-side={side}] [name=persona]", persona)
        page.click(f"[data-side={side}] [data-order] button")
        page.wait_for_selector(f"[data-side={side}][data-ended]", timeout=60_000)
    _take(page, "bench")


def _checking(desk: Desk, page: Page) -> None:
    with desk.saves() as news:
        desk.edit("components/cta.css", "32rem;", "32rem; color: #777;")
        next(news)
    _open(page, f"{desk.url}/checks")
    page.click("[data-check]")
    page.wait_for_selector("body[data-checked]")
    _take(page, "checks")


def _open(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("body[data-listening]")
    page.wait_for_timeout(_SETTLED)


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(_SETTLED)
    path = PICTURES / f"workbench-{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise RuntimeError(f"{path}: more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
