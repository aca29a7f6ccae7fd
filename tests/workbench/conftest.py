"""A designer at work: a desk, and a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.conftest import BLINK
from tests.support.in_process import InProcessServer
from tools.support.browser import launch, let_in, watched
from tools.support.workbench import Desk, a_desk

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


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A window, which must not have complained by the end.

    Frames of a component may be on their way while it goes away: then they are not found.
    """
    gone = "404 (Not Found)" if "goes_away" in request.node.name else "nothing"
    with watched(browser, reduced_motion="reduce") as seen:
        for name in _DESKS & set(request.fixturenames):
            let_in(seen.page.context, request.getfixturevalue(name).server)
        yield seen.page
        told = [line for line in seen.console if not expected(line) and gone not in line]
        assert told == []


def expected(line: str) -> bool:
    """Say whether a browser always says this of a page that is shown without its script."""
    return "sandboxed" in line and ("Blocked script" in line or "Refused to execute" in line)
