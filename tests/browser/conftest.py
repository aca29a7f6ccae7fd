"""A browser for the tests of a module.

Not one for all tests: as long as it lives, Playwright's event loop runs in the main thread, where
no test with a loop of its own could run.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.conftest import StartServer
from tests.support.fake_model import Model
from tools.support.browser import launch
from tools.support.edge import Edge
from tools.support.server import Server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = launch(playwright)
        yield made
        made.close()


@pytest.fixture(params=["one machine", "through the Worker"])
def in_both_shapes(request: pytest.FixtureRequest) -> Server | Edge:
    """The shop in both its shapes: what a browser sees of them is the same."""
    if request.param == "one machine":
        model: Model = request.getfixturevalue("model")
        start: StartServer = request.getfixturevalue("serve")
        return start(**model.environment)
    through: Edge = request.getfixturevalue("edge")
    return through
