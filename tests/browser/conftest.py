"""A browser for the tests of a module.

Not one for all tests: as long as it lives, Playwright's event loop runs in the main thread, where
no test with a loop of its own could run.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browsing import launch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = launch(playwright)
        yield made
        made.close()
