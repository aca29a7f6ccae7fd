"""Takes the pictures that the README shows: the real server, a real browser, the demo shop.

Run it as `python -m tools.screenshots.shop`, in the environment that `make test` sets up.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, sync_playwright

from tools.support.browser import launch
from tools.support.server import Server

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
LARGEST = 400 * 1024
"""Bytes a picture may have, so that the README opens quickly."""

_SLOW = {"WANDSTORE_HOUSE_PACE": "5", "WANDSTORE_DESIGN": ""}
"""A house composer slow enough for a picture between two of its components."""

_DESKTOP: ViewportSize = {"width": 1280, "height": 1000}
_PHONE: ViewportSize = {"width": 360, "height": 760}
_FILLED = '[data-slot="{}"]:not([data-filled-by="fallback"])'
_PATIENCE = 60_000
_SETTLED = 700
"""Milliseconds after which a component has arrived and no longer moves."""


def main() -> None:
    """Take all pictures anew."""
    PICTURES.mkdir(exist_ok=True)
    with (
        TemporaryDirectory() as folder,
        Server(Path(folder) / "data", _SLOW) as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        desktop = browser.new_context(viewport=_DESKTOP)
        _on_a_desktop(desktop.new_page(), server.url)
        _on_a_phone(browser, desktop, server.url)
        browser.close()


def _on_a_desktop(page: Page, url: str) -> None:
    """Picture a first visit: some slots composed, the others as the shell brought them; then all.

    Raises:
        RuntimeError: the page was finished before its picture was taken.
    """
    page.goto(f"{url}/store")
    page.wait_for_selector(_FILLED.format("filters"), timeout=_PATIENCE)
    page.wait_for_timeout(_SETTLED)
    _take(page, "mid-stream")
    if page.query_selector(_FILLED.format("grid")):
        raise RuntimeError("the shelf was composed too soon; raise WANDSTORE_HOUSE_PACE")
    page.wait_for_selector("main:not([data-stream])", timeout=_PATIENCE)
    page.wait_for_timeout(_SETTLED)
    _take(page, "finished")


def _on_a_phone(browser: Browser, desktop: BrowserContext, url: str) -> None:
    """Picture the same shopper's kept page on a narrow screen."""
    state = desktop.storage_state()
    phone = browser.new_context(viewport=_PHONE, device_scale_factor=2, storage_state=state)
    page = phone.new_page()
    page.goto(f"{url}/store")
    page.wait_for_selector("main:not([data-stream])", timeout=_PATIENCE)
    page.wait_for_timeout(_SETTLED)
    _take(page, "phone")


def _take(page: Page, name: str) -> None:
    path = PICTURES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        raise RuntimeError(f"{path}: more than {LARGEST} bytes")


if __name__ == "__main__":
    main()
