"""One event loop for the tests of a module: to open one and to close it takes as long as a test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", autouse=True)
async def _one_loop(anyio_backend: str) -> AsyncIterator[None]:  # noqa: ARG001 - which asks for one
    yield  # noqa: PT022 - until here the loop is open
