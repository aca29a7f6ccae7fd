"""The Worker's credential on the real server: without it there is nothing but the health check."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import SettingsError, read_settings
from tests.support.cases import each
from tests.support.in_process import InProcessServer
from tests.support.stored import rows
from tools.support import http

SECRET = "s3cret-of-the-worker"  # noqa: S105 - made for this test
KNOWN = {"authorization": f"Bearer {SECRET}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InProcessServer]:
    data = tmp_path_factory.mktemp("guarded") / "data"
    with InProcessServer(data, {"WORKER_SECRET": SECRET, "WANDSTORE_HOUSE_PACE": "0"}) as server:
        yield server


@each("method", ["GET", "POST", "HEAD", "PUT", "OPTIONS"])
@each(
    "path",
    ["/", "/store", "/s/demo", "/products/dusk-lamp", "/signals", "/generate", "/static/shop.css", "/health/", "//health", "/debug/pages/x", "/nowhere"],
)  # fmt: skip
def test_nothing_is_answered_without_it(guarded: InProcessServer, method: str, path: str) -> None:
    answered = http.request(method, f"{guarded.url}{path}")
    assert answered.status_code == 401
    assert answered.headers["www-authenticate"] == "Bearer"
    assert "set-cookie" not in answered.headers
    if method != "HEAD":
        assert answered.json()["error"]["code"] == "UNAUTHORIZED"


@each(
    "given",
    ["", "Bearer", f"Bearer {SECRET[:-1]}", f"Bearer {SECRET}x", f"bearer {SECRET}", SECRET, f"Basic {SECRET}", "Bearer \xff"],
)  # fmt: skip
def test_nothing_but_the_secret_itself_opens(guarded: InProcessServer, given: str) -> None:
    headers = [(b"authorization", given.encode("latin-1"))]
    assert http.get(f"{guarded.url}/store", headers=headers).status_code == 401


def test_two_credentials_are_none(guarded: InProcessServer) -> None:
    headers = [("authorization", f"Bearer {SECRET}"), ("authorization", "Bearer x")]
    assert http.get(f"{guarded.url}/store", headers=headers).status_code == 401


def test_a_page_that_is_at_hand_is_nobody_elses_without_it(guarded: InProcessServer) -> None:
    store = f"{guarded.url}/store"
    visit: dict[str, str] = {}
    for outcome in ("shell", "kept", "kept"):
        answered = http.get(store, headers={**KNOWN, **visit})
        assert answered.headers["x-wandstore-page"] == outcome
        visit = visit or {"cookie": answered.headers["set-cookie"].partition(";")[0]}
        guarded.finish_pages()
    assert http.get(store, headers=visit).status_code == 401


def test_the_worker_is_let_in(guarded: InProcessServer) -> None:
    assert http.get(f"{guarded.url}/store", headers=KNOWN).status_code == 200


def test_the_health_check_needs_none_and_is_only_looked_at(guarded: InProcessServer) -> None:
    assert http.get(f"{guarded.url}/health").json()["status"] == "healthy"
    assert http.post(f"{guarded.url}/health").status_code == 401


def test_a_refused_request_leaves_no_trace(guarded: InProcessServer) -> None:
    for _ in range(20):
        http.get(f"{guarded.url}/store")
    guarded.stop()
    assert len(rows(guarded, "SELECT id FROM ui_generations")) <= 1
    guarded.start()


def test_the_secret_is_in_no_log(guarded: InProcessServer) -> None:
    http.get(f"{guarded.url}/store", headers=KNOWN)
    assert SECRET not in guarded.log


def waits_at_last(codes: Iterator[int]) -> bool:
    """Say whether who is not let in is asked to wait, sooner or later."""
    return next(code for code in codes if code != 401) == 429


def test_the_worker_says_who_its_client_is(guarded: InProcessServer) -> None:
    def told(address: str) -> int:
        headers = {**KNOWN, "cf-connecting-ip": address, "sec-fetch-site": "same-origin"}
        return client.post("/signals", json={}, headers=headers).status_code

    with http.Client(base_url=guarded.url) as client:
        assert waits_at_last(told("203.0.113.7") for _ in range(400))
        assert told("203.0.113.8") == 401
        assert waits_at_last(told(f"2001:db8::{at:x}") for at in range(400))
        assert told("2001:db8:0:1::1") == 401


def test_a_client_may_not_say_it_of_itself_where_there_is_no_worker(tmp_path: Path) -> None:
    def told(at: int) -> int:
        headers = {"cf-connecting-ip": f"203.0.113.{at}", "sec-fetch-site": "same-origin"}
        return client.post("/signals", json={}, headers=headers).status_code

    with (
        InProcessServer(tmp_path / "data", {"WANDSTORE_HOUSE_PACE": "0"}) as server,
        http.Client(base_url=server.url) as client,
    ):
        assert waits_at_last(map(told, range(400)))


def test_a_secret_that_is_too_short_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="WORKER_SECRET must have at least 16 bytes"):
        read_settings({"WORKER_SECRET": "short"})
    assert "WORKER" not in repr(read_settings({"WORKER_SECRET": SECRET})).replace(
        "worker_secret", ""
    )
    assert SECRET not in repr(read_settings({"WORKER_SECRET": SECRET}))
