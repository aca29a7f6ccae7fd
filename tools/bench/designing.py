"""The workbench: its start, a save until it is redrawn, and a check of two hundred states."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
from playwright.sync_api import Browser, Page, sync_playwright

from app.settings import Settings
from app.web.session_secret import kept_secret
from app.workbench.scaffold import scaffold
from tools.bench.measure import Row
from tools.support.browser import launch, let_in
from tools.support.server import HeldPort, Server
from tools.support.workbench import copy_of_the_files

_ROUNDS = 9
_STARTS = 3
_WITHIN_MS = 200
_MOST_GROWN = 1.2
_FEW, _MANY = 10, 200
_STATES = 200
_STATES_EACH = 5
_DESIGN = {"WANDSTORE_DESIGN": "1"}

_NOTED = """(mark) => {
  window.redrawn = 0;
  const frame = document.querySelector("iframe[data-width='1440']");
  const place = frame.contentDocument.querySelector("main");
  new MutationObserver(() => {
    if (!window.redrawn && place.textContent.includes(mark)) window.redrawn = Date.now();
  }).observe(place, { subtree: true, childList: true, characterData: true });
}"""

_STYLED = """(mark) => {
  window.redrawn = 0;
  const frame = document.querySelector("iframe[data-width='1440']");
  const look = () => {
    const seen = getComputedStyle(frame.contentDocument.documentElement).getPropertyValue("--mark");
    if (seen.trim() === mark) window.redrawn = Date.now();
    else requestAnimationFrame(look);
  };
  look();
}"""


_DRAWN = """() => {
  window.redrawn = 0;
  new MutationObserver(() => (window.redrawn ||= Date.now()))
    .observe(document.querySelector("[data-shown]"), { attributeFilter: ["data-drawn"] });
}"""


def run(folder: Path) -> Iterator[Row]:
    """Measure starts, saves at ten and at two hundred components, and a full check."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield from _starts(folder)
        saves = dict[int, dict[str, float]]()
        for size in (_FEW, _MANY):
            with _library(folder / f"of-{size}", size) as (root, server):
                saves[size] = yield from _saves(browser, root, server, size)
        for kind, few in saves[_FEW].items():
            name = f"save of {kind} to redraw, {_MANY} components; baseline: {_FEW}"
            many, limit = saves[_MANY][kind], f"ratio at most {_MOST_GROWN}"
            yield Row(name, many, "ms", few, limit, many <= _MOST_GROWN * few)
        with _library(folder / "checked", _STATES // _STATES_EACH) as (_, server):
            yield _checked(browser, server)
        browser.close()


def _starts(folder: Path) -> Iterator[Row]:
    benches, stores = list[float](), list[float]()
    for at in range(_STARTS):
        for seconds, path in ((stores, "/store"), (benches, "/design/")):
            data = folder / f"start-{at}{path.strip('/')}"
            kept_secret(data / "workbench.secret")  # known before it is asked for
            with HeldPort() as port, Server(data, _DESIGN, port.number, wait=False) as server:
                began = time.monotonic()
                _answered(f"{server.url}{path}", server.workbench_cookie)
                seconds.append(time.monotonic() - began)
    name = "start to the workbench's first page; baseline: to the shop's"
    yield Row(name, median(benches), "s", median(stores))


def _answered(url: str, cookie: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            httpx.get(url, headers={"Cookie": cookie}, timeout=30).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.01)
        else:
            return
    raise RuntimeError("the server does not answer")


@contextmanager
def _library(folder: Path, size: int) -> Iterator[tuple[Path, Server]]:
    """Serve a library of so many components, all but the shop's own made for this."""
    root = copy_of_the_files(folder / "root")
    own = len(list((root / "components").glob("*.samples.json")))
    settings = Settings(root=root)
    scaffold(settings, "made", "cta")
    for at in range(size - own):
        for ending in ("samples.json", "css", "jinja", "py"):
            text = (root / "components" / f"made.{ending}").read_text()
            named = text.replace("class Made", f"class Made{at}").replace("made", f"made{at}")
            (root / "components" / f"made{at}.{ending}").write_text(named)
    for path in (root / "components").glob("made.*"):
        path.unlink()
    with Server(folder / "data", _DESIGN | {"WANDSTORE_ROOT": str(root)}) as server:
        yield root, server
    shutil.rmtree(root)


def _saves(
    browser: Browser, root: Path, server: Server, size: int
) -> Generator[Row, None, dict[str, float]]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    let_in(page.context, server)
    page.goto(f"{server.url}/design/components/cta")
    page.wait_for_selector("body[data-listening]", timeout=60_000)
    kinds = {
        "a partial": ("jinja", "<p>MARK</p>\n", _NOTED),
        "props": ("py", "# MARK\n", _DRAWN),
        "a style": ("css", ":root { --mark: MARK; }\n", _STYLED),
    }
    medians = dict[str, float]()
    for kind, (ending, added, script) in kinds.items():
        path = root / "components" / f"cta.{ending}"
        taken = [_one(page, path, added, (script, f"mark{at}x")) for at in range(_ROUNDS)]
        name = f"save of {kind} to redraw in an open window, {size} components"
        medians[kind] = ms = median(taken)
        yield Row(name, ms, "ms", None, f"at most {_WITHIN_MS} ms", ms <= _WITHIN_MS)
        yield Row(f"{name}, the slowest of {_ROUNDS}", max(taken), "ms")
    page.close()
    return medians


def _one(page: Page, path: Path, added: str, noted: tuple[str, str]) -> float:
    """Save a file; return the milliseconds until an open window shows it, by one clock."""
    script, mark = noted
    page.wait_for_selector("iframe[data-width='1440'][data-loaded]")
    page.evaluate(script, mark)
    text = path.read_text() + added.replace("MARK", mark)
    saved = time.time()
    path.write_text(text)
    end = time.monotonic() + 20
    while not (seen := page.evaluate("window.redrawn")):
        if time.monotonic() > end:
            raise RuntimeError("the save was not seen")
        page.wait_for_timeout(15)
    page.wait_for_timeout(300)
    return float(seen) - saved * 1000


def _checked(browser: Browser, server: Server) -> Row:
    page = browser.new_page()
    page.set_default_timeout(600_000)
    page.goto(f"{server.url}/design/checks")
    page.wait_for_selector("body[data-begun]")
    began = time.monotonic()
    script = "import('/design/static/checks.js').then(({ check }) => check())"
    result = page.evaluate(script)
    seconds = time.monotonic() - began
    page.close()
    return Row(f"full check of {result['states']} states in both themes", seconds, "s")
