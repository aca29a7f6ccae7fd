"""`python -m checks [COMPONENT] [--accept]`: checks every state of every component, and reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.settings import ROOT
from app.workbench.checks.snapshots import ACCEPTED
from tools.support.browser import launch, let_in
from tools.support.server import Server

_PATIENCE = 600_000
_REPORT = Path("test-results") / "components.md"


def main(arguments: Sequence[str]) -> int:
    """Check, print a report, and keep it in test-results/; 1 where something is wrong."""
    accept = "--accept" in arguments
    component = next((item for item in arguments if not item.startswith("-")), "")
    passed_on = {name: os.environ[name] for name in os.environ if name.startswith("WANDSTORE_")}
    root = Path(passed_on.get("WANDSTORE_ROOT", ROOT))
    passed_on = {**passed_on, "WANDSTORE_DESIGN": "1"}
    with (
        TemporaryDirectory() as folder,
        Server(Path(folder) / "data", _without_port(passed_on)) as server,
        sync_playwright() as playwright,
    ):
        browser = launch(playwright)
        page = browser.new_page()
        let_in(page.context, server)
        status = report_on(page, f"{server.url}/design", root, component, accept=accept)
        browser.close()
    return status


def report_on(page: Page, url: str, root: Path, component: str, *, accept: bool = False) -> int:
    """Check what the workbench at an address shows of a component, or of all; report as `main`."""
    page.goto(f"{url}/checks")
    if accept or any((root / ACCEPTED).glob("*.png")):
        _take(page, component, accept=accept)
    result = _check(page, component)
    text = report(result)
    path = root / _REPORT
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    sys.stdout.write(text)
    return 1 if wrong(result) else 0


def _without_port(environment: dict[str, str]) -> dict[str, str]:
    dropped = ("WANDSTORE_PORT", "WANDSTORE_DATA")
    return {name: value for name, value in environment.items() if name not in dropped}


def _take(page: Page, component: str, *, accept: bool) -> None:
    """Take pictures; accept them all where that is asked for."""
    page.wait_for_selector("body[data-begun]")
    page.select_option("[data-which]", component)
    page.click("[data-take]")
    page.wait_for_selector("body[data-taken]", timeout=_PATIENCE)
    if accept:
        names = page.evaluate("fetch('/design/pictures').then((answer) => answer.json())")["taken"]
        page.evaluate(
            "(names) => import('/design/static/api.js').then(({ write }) => "
            "write('/design/pictures/accept', { names }))",
            [name for name in names if not component or name.startswith(f"{component}.")],
        )


def _check(page: Page, component: str) -> dict[str, Any]:
    page.set_default_timeout(_PATIENCE)
    result: dict[str, Any] = page.evaluate(
        "(which) => import('/design/static/checks.js').then(({ check }) => check(which))", component
    )
    return result


def wrong(result: dict[str, Any]) -> list[dict[str, str]]:
    """Return the findings that must be repaired."""
    return [item for item in result["findings"] if item["level"] == "wrong"]


def report(result: dict[str, Any]) -> str:
    """Return the findings as a text that can be read in a terminal and in a browser."""
    bad = wrong(result)
    notes = [item for item in result["findings"] if item["level"] != "wrong"]
    axe = "" if result["axe"] else ", without axe, which is not installed"
    lines = [
        f"# Components: {len(bad)} wrong, {len(notes)} notes in {result['states']} states{axe}"
    ]
    for title, items in (("Wrong", bad), ("Notes", notes)):
        if items:
            lines += ["", f"## {title}", ""]
            lines += [_line(item) for item in items]
    return "\n".join([*lines, ""])


def _line(item: dict[str, str]) -> str:
    where = ", ".join(filter(None, (item["component"], item["state"], item["theme"])))
    return f"- {where}: {item['kind']}: {item['text']}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
