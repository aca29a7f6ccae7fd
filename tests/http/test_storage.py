"""The shop while its files cannot be written: locked by another, on a full disk, or gone."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from tests.conftest import QUICK, StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.small_disk import fill, small_disk
from tests.support.stored import rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

NO_MEMORY = {"WANDSTORE_PAGE_MEMORY_SECONDS": "0"}


def checks(server: Server) -> dict[str, str]:
    found: dict[str, str] = http.get(f"{server.url}/health", timeout=10).json()["checks"]
    return found


@contextmanager
def locked(server: Server) -> Iterator[None]:
    """Hold the write locks of the shop's files, as another process might."""
    with ExitStack() as stack:
        for name in ("kv.sqlite3", "shop.sqlite3"):
            path = server.data / name
            other = stack.enter_context(closing(sqlite3.connect(path, isolation_level=None)))
            other.execute("BEGIN IMMEDIATE")
        yield


def test_a_returning_shopper_waits_for_nobody_who_holds_the_files(serve: StartServer) -> None:
    server = serve(**NO_MEMORY)
    with Shopper(server) as shopper, Shopper(server) as newcomer:
        shopper.follow(stream_of(shopper.store().text))
        with locked(server):
            pages = [shopper.store(), newcomer.store(), newcomer.store(), shopper.store()]
        assert [page.headers["x-wandstore-page"] for page in pages] == ["kept"] * 4
        eventually(lambda: len(rows(server, "SELECT id FROM shoppers")) == 2)


def test_a_shop_opens_while_others_hold_its_files(serve: StartServer) -> None:
    server = serve(**NO_MEMORY)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        server.stop()
        with locked(server):
            server.start()
            shopper.base_url = server.url
            assert shopper.store().headers["x-wandstore-page"] == "kept"


def test_on_a_full_disk_a_page_is_paid_once_and_health_says_so(
    tmp_path: Path, model: Model
) -> None:
    model.play(Scenario(answer()))
    with (
        small_disk(tmp_path / "small", kibibytes=1024) as folder,
        InProcessServer(folder / "data", QUICK | NO_MEMORY | model.environment) as server,
    ):
        filler = fill(folder)
        with Shopper(server) as shopper:
            assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
            assert shopper.store().headers["x-wandstore-page"] == "kept"
        assert len(model.requests) == 1
        full_disk = "failed: database or disk is full"
        assert checks(server)["kv_connection"] == checks(server)["database"] == full_disk
        filler.unlink()
        assert checks(server)["kv_connection"] == checks(server)["database"] == "ok"


def test_with_its_folder_gone_a_page_is_paid_once_and_health_says_so(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer()))
    server = serve(**NO_MEMORY, **model.environment)
    shutil.rmtree(server.data)
    assert checks(server)["kv_connection"] == "failed: the file is gone", "although nothing waits"
    with Shopper(server) as shopper:
        assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
        assert shopper.store().headers["x-wandstore-page"] == "kept"
    assert len(model.requests) == 1
    assert checks(server)["kv_connection"] == "failed: the file is gone"
    assert checks(server)["database"] == "failed: the file is gone"


def test_a_page_that_another_process_has_changed_is_served_as_it_is_now(
    serve: StartServer,
) -> None:
    server = serve(**NO_MEMORY)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        before = [shopper.store() for _ in range(2)]
        with closing(sqlite3.connect(server.data / "kv.sqlite3")) as kv, kv:
            kv.execute("UPDATE pairs SET value = CAST(replace(value, '</html>', '!') AS BLOB)")
        after = [shopper.store() for _ in range(2)]
    assert {page.text for page in before} == {before[0].text}
    assert {page.text for page in after} == {before[0].text.replace("</html>", "!")}
    assert before[0].headers["etag"] != after[0].headers["etag"]
