"""Chromium for tests: quiet, watched, and with nothing of its own going out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from app.workbench.checks.markup import axe_script
from tools.support.http import BROWSER
from tools.support.server import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Each process that it starts for a page or for drawing costs a tenth of a second of CPU.
    "--disable-site-isolation-trials",
    "--enable-features=NetworkServiceInProcess2",
    "--in-process-gpu",
    "--renderer-process-limit=1",
    f"--user-agent={BROWSER}",
]

_PATIENCE = 120_000
"""Milliseconds: what a machine that does much else may need for a page."""

# Gathers what a test asks for later: layout shifts, CSP reports, and what was in each slot when.
_WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.shifts.push([entry.value, entry.sources.map(
      (source) => source.node?.closest?.("[data-slot]")?.dataset.slot ?? source.node?.nodeName)]);
  }
}).observe({ type: "layout-shift", buffered: true });
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(
  event.violatedDirective + " " + event.blockedURI));
window.swaps = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver((records) => {
  for (const record of records) window.swaps.push(record.target.dataset.slot);
}).observe(document, { subtree: true, attributeFilter: ["data-filled-by"] }));
"""


def chromium_path() -> str:
    """Return where Chromium is; the headless shell, if it is there, takes half the CPU."""
    for name in ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise RuntimeError("no Chromium; `make browser` installs one")


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start a headless Chromium, with these flags besides."""
    return playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])


def let_in(context: BrowserContext, server: Server) -> None:
    """Give a browser the cookie that the address printed at the start gives it."""
    name, _, value = server.workbench_cookie.partition("=")
    context.add_cookies([{"name": name, "value": value, "url": server.url}])


def whole_chromium_path() -> str | None:
    """Return where a Chromium with a back/forward cache is, which the headless shell has not."""
    return shutil.which("chromium") or shutil.which("google-chrome")


def launch_with_back_forward_cache(playwright: Playwright, path: str) -> Browser:
    """Start a Chromium that may keep pages which are left, as it does for its users."""
    without = ["--disable-back-forward-cache"]
    return playwright.chromium.launch(executable_path=path, args=FLAGS, ignore_default_args=without)


def wait_until_still(page: Page) -> None:
    """Wait for the end of what fades in or moves: until then colours are not what they will be."""
    page.evaluate(
        """Promise.allSettled(document.getAnimations()
        .filter((animation) => Number.isFinite(animation.effect.getComputedTiming().endTime))
        .map((animation) => animation.finished)).then(() => null)"""
    )


@dataclass
class Watched:
    """A page with everything it asked for and complained of."""

    page: Page
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def layout_shift(self) -> list[Any]:
        """Return the layout shifts, each with the slots that moved."""
        shifts: list[Any] = self.page.evaluate("window.shifts")
        return shifts

    def violations(self) -> list[str]:
        """Return what the content security policy stopped."""
        found: list[str] = self.page.evaluate("window.violations")
        return found

    def swaps(self) -> list[str]:
        """Return the slots in the order in which they were filled."""
        found: list[str] = self.page.evaluate("window.swaps")
        return found

    def slots(self) -> dict[str, list[str]]:
        """Return filler and inner HTML of each slot that shows something."""
        found: dict[str, list[str]] = self.page.evaluate(
            "Object.fromEntries([...document.querySelectorAll('[data-slot]:not(:empty)')].map("
            "(slot) => [slot.dataset.slot, [slot.dataset.filledBy, slot.innerHTML]]))"
        )
        return found

    def axe(self, **options: Any) -> list[Any]:
        """Return what axe finds wrong, once nothing moves."""
        wait_until_still(self.page)
        if not self.page.evaluate("'axe' in window"):
            script = axe_script()
            assert script is not None, "axe-core is not installed"
            self.page.evaluate(script.read_text(encoding="utf-8"))
        run = "(options) => axe.run(options).then(({ violations }) => violations)"
        found: list[Any] = self.page.evaluate(run, {"resultTypes": ["violations"], **options})
        return found

    def wait_until_done(self) -> None:
        """Wait until the page follows its stream no more."""
        self.page.wait_for_selector("main:not([data-stream])", timeout=_PATIENCE)


@contextmanager
def watched(browser: Browser, width: int = 1280, **options: Any) -> Iterator[Watched]:
    """Open a page in a context of its own, watched from its first moment."""
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 800}, **options
    )
    context.set_default_timeout(_PATIENCE)
    try:
        page = context.new_page()
        page.add_init_script(_WATCH)
        seen = Watched(page)
        page.on("console", lambda message: seen.console.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: seen.console.append(f"error: {error}"))
        page.on("request", lambda request: seen.requests.append(request.url))
        yield seen
    finally:
        context.close()
