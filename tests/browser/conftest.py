"""A browser for the tests of a module, and the shop in both its shapes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.conftest import BLINK, StartServer
from tests.support.fake_model import Model
from tools.support.browser import launch
from tools.support.edge import Edge
from tools.support.server import Server


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    made = launch(playwright, BLINK)
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
