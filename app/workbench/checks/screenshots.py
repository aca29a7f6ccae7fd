"""`python -m app.workbench.checks.screenshots URL FOLDER STATES`: takes pictures of states.

STATES is a JSON list of them. The cookie that the workbench asks for is in the environment:
arguments are for everybody to see.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

COOKIE = "WORKBENCH_COOKIE"
WIDTHS = (360, 1024)
THEMES = ("light", "dark")
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # Each process that it starts for a page or for drawing takes a tenth of a second.
    "--disable-site-isolation-trials",
    "--enable-features=NetworkServiceInProcess2",
    "--in-process-gpu",
    "--renderer-process-limit=1",
)
_PATIENCE = 20_000


def main(url: str, folder: Path, states: list[dict[str, str]]) -> int:
    """Take every picture; say in one line what was done, or what is missing."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - this process alone
    except ImportError:
        sys.stdout.write("playwright is not installed here; `make test` installs it\n")
        return 1
    browser_path = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if browser_path is None:
        sys.stdout.write("there is no Chromium here; `make browser` installs one\n")
        return 1
    flags = [*_FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=flags)
        page = browser.new_page()
        name, _, value = os.environ.get(COOKIE, "").partition("=")
        page.context.add_cookies([{"name": name, "value": value, "url": url}])
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 600})
            for state in states:
                for theme in THEMES:
                    address = f"{url}/design/frame/{state['component']}"
                    page.goto(f"{address}?state={state['state']}&theme={theme}&motion=reduced")
                    page.evaluate(_SETTLED)
                    name = f"{state['component']}.{state['state']}.{width}.{theme}.png"
                    page.screenshot(path=folder / name, full_page=True, timeout=_PATIENCE)
        browser.close()
    sys.stdout.write(f"took {len(states) * len(WIDTHS) * len(THEMES)} pictures\n")
    return 0


_SETTLED = """async () => {
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await document.fonts.ready;
}"""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
