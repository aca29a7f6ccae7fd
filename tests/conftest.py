"""What tests share: what each needs of the machine, a model that plays scenarios, and servers."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from asyncio import _set_running_loop
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from jinja2 import Environment, FileSystemLoader
from playwright.sync_api import Playwright, sync_playwright

from app.catalog import permalinks
from app.pages import shells
from app.rendering.templates import compile_all
from tests.support import forks
from tests.support.compiled import known_by_name, known_by_source
from tests.support.fake_model import Model, playing
from tests.support.forked import ForkedServer
from tests.support.in_process import InProcessServer, compiled_once, drawn_once
from tests.support.sampling import few_of_each, hurried
from tests.support.stored import forget_layouts
from tests.support.warm import warm_up
from tools.support.edge import Edge, Worker, behind_worker, publish
from tools.support.postgres import Postgres, installed
from tools.support.server import HeldPort, Server

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes folders of its own there
ROOM = 8 << 30
MANY = 1000
"""Tests from which on it pays to do first, and once, what each process would do for its own."""

settings.register_profile(
    "wide", deadline=None, suppress_health_check=list(HealthCheck), max_examples=2000
)
settings.register_profile("usual", settings.get_profile("wide"), max_examples=100, derandomize=True)
settings.register_profile("quick", settings.get_profile("usual"), max_examples=6)
settings.load_profile("usual")
QUICK = {
    "WANDSTORE_RETRY_SECONDS": "0.05",
    "WANDSTORE_KV_RETRY_SECONDS": "0.05",
    "WANDSTORE_HOUSE_PACE": "0",
    "WANDSTORE_STORAGE_SECONDS": "20",
}
"""Pauses that nobody need wait for, and time to read what is stored on a machine that is busy: that
they are kept is a claim of their own rooms."""

_LATE = [
    f"lazyLoading{what}MarginPx{at}=0" for what in ("Image", "Frame") for at in ("Unknown", "4G")
]
_MOUSE = "primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4"
BLINK = f"--blink-settings={','.join([_MOUSE, *_LATE])}"
"""Has Chromium load what is loaded late once it is in view, not two screens before, so that a page
takes three quarters of the CPU; and what Playwright says of the mouse, which this is said instead of."""

StartServer = Callable[..., Server]

_NEED_OF_FOLDER = {"process": "process", "browser": "browser", "edge": "workerd"}
_NEED_OF_FIXTURE = {"browser": "browser", "worker": "workerd", "postgres": "process"}


def pytest_configure() -> None:
    """Spare tests waiting for a disk, and looking for garbage among all that was collected."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir():
        state = os.statvfs(MEMORY)
        if not state.f_flag & os.ST_NOEXEC and state.f_bavail * state.f_frsize > ROOM:
            os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)
    gc.set_threshold(100_000, 50, 1000)
    if find_spec("sniffio") is None:  # for which httpcore looks each time it is locked
        sys.modules["sniffio"] = cast("ModuleType", None)


def pytest_sessionstart() -> None:
    """Ask no store that tests name for its endpoint; compile and draw once what is ours."""
    patch = pytest.MonkeyPatch()
    patch.setattr(permalinks, "_profile", lambda _: "http://127.0.0.1:9/")
    patch.setattr(Environment, "compile", known_by_source(Environment.compile))
    patch.setattr(FileSystemLoader, "load", known_by_name(FileSystemLoader.load))
    patch.setattr("app.main.compile_all", compiled_once(compile_all))
    patch.setattr(shells, "draw_fallbacks", drawn_once(shells.draw_fallbacks))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Warm up where many processes are forked; count what there is by now as here to stay."""
    gc.freeze()
    if len(session.items) > MANY and session.config.pluginmanager.hasplugin(forks.__name__):
        warm_up()
        gc.freeze()


def pytest_sessionfinish() -> None:
    """Look once for garbage that would warn: pytest looks ten times at all that the tests left."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with what it needs beside Python, which its folder and its fixtures tell.

    Of a test's many cases, few are kept in a hurry.
    """
    if hurried():
        kept = few_of_each(item.nodeid for item in items)
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
        items[:] = [item for item in items if item.nodeid in kept]
    for item in items:
        folder = item.nodeid.split("/", 2)[1]
        if folder in _NEED_OF_FOLDER:
            item.add_marker(_NEED_OF_FOLDER[folder])
        for fixture in _NEED_OF_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(_NEED_OF_FIXTURE[fixture])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def model() -> Iterator[Model]:
    """A provider on loopback that plays what a test tells it to."""
    with playing() as stand_in:
        yield stand_in


@pytest.fixture
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StartServer]:
    """Start servers; each call one more, with these variables in its environment.

    They are threads of this process but for tests marked `process`, which signal or kill them.
    """
    kind = ForkedServer if request.node.get_closest_marker("process") else InProcessServer
    with ExitStack() as stack:

        def start(name: str = "data", port: int = 0, **environment: str) -> Server:
            return stack.enter_context(kind(tmp_path / name, {**QUICK, **environment}, port))

        yield start


@pytest.fixture
def composed_by_model(serve: StartServer, model: Model) -> Server:
    """A server whose composer is the stand-in model."""
    return serve(**model.environment)


@pytest.fixture(scope="session")
def one_house_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that composes by itself, at once."""
    data = tmp_path_factory.mktemp("house") / "data"
    unremembered = {"WANDSTORE_PAGE_MEMORY_SECONDS": "0"}
    with InProcessServer(data, QUICK | unremembered) as server:
        yield server


@pytest.fixture
def house_server(one_house_server: Server) -> Server:
    """The server that tests share which only look; what others have composed is forgotten."""
    forget_layouts(one_house_server)
    return one_house_server


@pytest.fixture(scope="session")
def one_model() -> Iterator[Model]:
    """The provider of `model_server`, which remembers what earlier tests had it asked."""
    with playing() as stand_in:
        yield stand_in


@pytest.fixture(scope="session")
def one_model_server(
    one_model: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """A server whose composer is a model, and which never takes the model for down."""
    data = tmp_path_factory.mktemp("model") / "data"
    patient = {"WANDSTORE_BREAKER_FAILURES": "1000000", "WANDSTORE_PAGE_MEMORY_SECONDS": "0"}
    with InProcessServer(data, QUICK | patient | one_model.environment) as server:
        yield server


@pytest.fixture
def model_server(one_model_server: Server) -> Server:
    """The server that tests share which ask `one_model`; what others have composed is forgotten."""
    forget_layouts(one_model_server)
    return one_model_server


@pytest.fixture(scope="session")
def one_playwright() -> Iterator[tuple[Playwright, asyncio.AbstractEventLoop]]:
    """Playwright, started once a process, and its event loop, which runs as long as it lives."""
    with sync_playwright() as started:
        loop = asyncio.get_running_loop()
        _set_running_loop(None)
        yield started, loop
        _set_running_loop(loop)


@pytest.fixture(scope="module")
def playwright(
    one_playwright: tuple[Playwright, asyncio.AbstractEventLoop],
) -> Iterator[Playwright]:
    """Playwright for the tests of a module: between them its loop stands still, for others to run."""
    started, loop = one_playwright
    _set_running_loop(loop)
    yield started
    _set_running_loop(None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that tests share, each with a schema of its own."""
    if installed() is None:
        pytest.skip("NO POSTGRESQL 15 OR LATER: Debian has it in `postgresql`")
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A Worker with KV and D1, shared by all tests; they differ in the container behind it."""
    folder = tmp_path_factory.mktemp("worker")
    public = publish(folder / "public")
    patience = {"KEPT_WAIT_MS": "2000", "LOOKUP_MS": "5000", "METRICS_MS": "50"}
    with HeldPort() as port, Worker(folder / "state", public, port.url, **patience) as running:
        yield running


@pytest.fixture
def edge(worker: Worker, serve: StartServer, model: Model) -> Edge:
    """The shop through the Worker, its container composing with the stand-in model."""
    worker.forget_plans()
    port = int(worker.container.rpartition(":")[2])
    container = serve("container", port, **behind_worker(worker), **model.environment)
    return Edge(worker, container)
