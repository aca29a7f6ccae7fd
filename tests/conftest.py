"""What tests share: a model that plays scenarios, and servers as processes of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.modelling import Model, playing
from tests.running import Server

StartServer = Callable[..., Server]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def model() -> Iterator[Model]:
    """A provider on loopback that plays what a test tells it to."""
    with playing() as stand_in:
        yield stand_in


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers; each call one more, with these variables in its environment."""
    with ExitStack() as stack:

        def start(name: str = "data", port: int = 0, **environment: str) -> Server:
            return stack.enter_context(Server(tmp_path / name, environment, port))

        yield start


@pytest.fixture
def composed_by_model(serve: StartServer, model: Model) -> Server:
    """A server whose composer is the stand-in model."""
    return serve(**model.environment)


@pytest.fixture(scope="session")
def house_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that composes by itself, at once; shared by tests that only look."""
    data = tmp_path_factory.mktemp("house") / "data"
    with Server(data, {"WANDSTORE_HOUSE_PACE": "0"}) as server:
        yield server
