"""A designer at work: a desk, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, ViewportSize

from tests.conftest import BLINK
from tests.support.in_process import InProcessServer
from tools.support.browser import Watched, launch, let_in, watched
from tools.support.workbench import Desk, a_desk

LOW: ViewportSize = {"width": 1280, "height": 240}
"""A window in which little is painted, and few frames of a gallery are in view and loaded."""

_DESKS = {"desk", "shared_desk"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A designer's desk, with nobody else's changes on it."""
    with a_desk(tmp_path, InProcessServer) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk for tests that break nothing."""
    with a_desk(tmp_path_factory.mktemp("desk"), InProcessServer) as opened:
        yield opened


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A browser for the tests of a module."""
    running = launch(playwright, BLINK)
    yield running
    running.close()


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Watched]:
    """A low window for the tests of a module: each new one costs as much as a page in it."""
    with watched(browser, reduced_motion="reduce") as seen:
        seen.page.set_viewport_size(LOW)
        yield seen


@pytest.fixture
def page(window: Watched, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The window, empty, alone and let in, which must not have complained by the end.

    Frames of a component may be on their way while it goes away: then they are not found.
    """
    page, context = window.page, window.page.context
    for name in _DESKS & set(request.fixturenames):
        let_in(context, request.getfixturevalue(name).server)
    window.console.clear()
    window.requests.clear()
    yield page
    gone = "404 (Not Found)" if "goes_away" in request.node.name else "nothing"
    told = [line for line in window.console if not expected(line) and gone not in line]
    for other in context.pages:
        if other != page:
            other.close()
    page.unroute_all()
    page.goto("about:blank")
    page.set_viewport_size(LOW)
    page.emulate_media(reduced_motion="reduce", forced_colors="null")
    context.clear_cookies()
    assert told == []


def expected(line: str) -> bool:
    """Say whether a browser always says this of a page that is shown without its script."""
    return "sandboxed" in line and ("Blocked script" in line or "Refused to execute" in line)
