"""The whole shop with its state elsewhere: behind the Worker, or behind Cloudflare's API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.settings import SettingsError, read_settings
from app.storage import factory
from tests.conftest import StartServer
from tests.support.fake_cloudflare.bindings import Bindings
from tests.support.fake_cloudflare.d1 import D1
from tests.support.fake_cloudflare.faults import Fault
from tests.support.fake_cloudflare.kv import WorkersKv
from tests.support.fake_cloudflare.rest import (
    ACCOUNT,
    DATABASE,
    NAMESPACE,
    TOKEN,
    RestApi,
)
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.serving import serving
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import ROOT, Server

BINDINGS_TOKEN = "a-token-of-the-bindings"  # noqa: S105 - made for tests
ALWAYS = {"SESSION_SECRET": "a secret of some length", "WANDSTORE_HOUSE_PACE": "0"}


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write records, and hear of who is forgotten, within a second instead of five or sixty."""
    made = factory._paced  # noqa: SLF001 - only these wait so long

    def paced(storage: factory.Storage, *more: Any) -> factory.Storage:
        batching = storage.batching._replace(seconds=0.2)
        return made(storage._replace(batching=batching, hears=0.5), *more)

    monkeypatch.setattr(factory, "_paced", paced)


class Place(NamedTuple):
    """Where state is, seen from both sides."""

    environment: dict[str, str]
    stand_in: Bindings | RestApi

    @property
    def kv(self) -> WorkersKv:
        return self.stand_in.kv

    @property
    def d1(self) -> D1:
        return self.stand_in.d1


@pytest.fixture
def behind_the_worker() -> Iterator[Place]:
    bindings = Bindings(WorkersKv(), D1())
    with serving(bindings.app) as url:
        environment = {
            "WANDSTORE_STATE": "worker",
            "WANDSTORE_KV_URL": f"{url}/kv",
            "WANDSTORE_D1_URL": f"{url}/d1",
            "WANDSTORE_EDGE_URL": f"{url}/edge",
            "WANDSTORE_BINDINGS_TOKEN": BINDINGS_TOKEN,
        }
        yield Place(ALWAYS | environment, bindings)
    bindings.d1.close()


@pytest.fixture
def behind_the_api() -> Iterator[Place]:
    api = RestApi(WorkersKv(), D1())
    with serving(api.app) as url:
        environment = {
            "WANDSTORE_STATE": "cloudflare",
            "CLOUDFLARE_API_URL": url,
            "CLOUDFLARE_API_TOKEN": TOKEN,
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
            "KV_NAMESPACE_ID": NAMESPACE,
            "D1_DATABASE_ID": DATABASE,
        }
        yield Place(ALWAYS | environment, api)
    api.d1.close()


@pytest.fixture(params=["behind_the_worker", "behind_the_api"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(request.param)
    return found


def pages(place: Place) -> dict[str, Any]:
    values = place.kv.values().items()
    return {key: json.loads(value) for key, value in values if key.startswith("ui:")}


@contextmanager
def finished(server: Server) -> Iterator[Shopper]:
    """Be a shopper who has seen their page to its end."""
    with Shopper(server) as shopper:
        assert shopper.follow(stream_of(shopper.store().text))[-1].name == "ready"
        yield shopper


def test_a_page_is_kept_there_and_found_by_a_container_that_knows_nothing(
    serve: StartServer, place: Place
) -> None:
    with finished(serve("first", **place.environment)) as shopper:
        ((key, kept),) = pages(place).items()
        assert re.fullmatch(r"ui:shop_[0-9a-f]{32}:v2_newcomer_0_[0-9a-f]{12}", key)
        assert place.kv.pairs[key].ttl == 3600
        assert kept["version"] == 1
        other = serve("second", **place.environment)
        with Shopper(other, shopper.cookies) as again:
            page = again.store()
            assert page.headers["x-wandstore-page"] == "kept"
            assert "fallback" not in fillers(page.text).values()


def test_the_record_of_a_page_is_written_there(serve: StartServer, place: Place) -> None:
    server = serve(**place.environment)
    with finished(server):
        query = "SELECT status, kv_key FROM ui_generations"
        eventually(lambda: place.d1.rows(query) == [("completed", *pages(place))])
        eventually(lambda: len(place.d1.rows("SELECT id FROM shoppers")) == 1)


def test_what_waits_is_written_before_the_container_ends(serve: StartServer, place: Place) -> None:
    server = serve(**place.environment)
    with finished(server):
        server.stop()
    assert [status for (status,) in place.d1.rows("SELECT status FROM ui_generations")] == [
        "completed"
    ]


def test_nothing_is_written_to_the_disk(serve: StartServer, place: Place) -> None:
    server = serve(WANDSTORE_DESIGN="", **place.environment)
    with finished(server):
        server.stop()
    assert list(server.data.iterdir()) == []


def test_behaviour_becomes_a_persona_there(serve: StartServer, place: Place) -> None:
    server = serve(**place.environment)
    order = {"kind": "purchase", "items": [{"product": "dusk-lamp"}]}
    with finished(server) as shopper:
        told = shopper.post(
            "/signals", json={"events": [order] * 2}, headers={"sec-fetch-site": "same-origin"}
        )
        assert told.status_code == 204
        eventually(lambda: len(pages(place)) == 2)
        assert place.d1.rows("SELECT type FROM personas") == [("loyalist",)]
        assert 'data-persona="loyalist"' in shopper.store().text


def test_a_page_of_who_is_erased_there_is_composed_no_further(
    serve: StartServer, behind_the_worker: Place, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(1,)))
    with Shopper(serve(**behind_the_worker.environment, **model.environment)) as shopper:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with shopper.following(stream) as seen:
            erased = shopper.cookies["shopper_demo"].partition(".")[0]
            noted = "INSERT INTO forgotten (shopper_id, at) VALUES (?, ?)"
            behind_the_worker.d1.batch([(noted, (erased, "2026-11-26T09:00:00.000+00:00"))])
            assert list(seen) == []
    assert pages(behind_the_worker) == {}


def broken(place: Place, number: int = 400) -> None:
    place.stand_in.faults.extend([Fault(503)] * number)


def test_with_everything_down_the_shop_opens_and_sells(serve: StartServer, place: Place) -> None:
    broken(place)
    server = serve(**place.environment)
    with Shopper(server) as shopper:
        assert shopper.store().headers["x-wandstore-page"] == "shell"
        assert shopper.get("/products/dusk-lamp").status_code == 200
    health = http.get(f"{server.url}/health").json()
    assert health["status"] == "degraded"
    assert health["checks"]["kv_connection"] == "failed: HTTP 503"


def test_a_page_that_cannot_be_stored_elsewhere_is_served_from_memory(
    serve: StartServer, behind_the_worker: Place
) -> None:
    server = serve(**behind_the_worker.environment)
    with Shopper(server) as shopper:
        page = shopper.store()
        broken(behind_the_worker)
        assert shopper.follow(stream_of(page.text))[-1].name == "ready"
        assert shopper.store().headers["x-wandstore-page"] == "kept"


def test_the_credential_goes_with_every_call_and_is_in_no_log(
    serve: StartServer, behind_the_worker: Place
) -> None:
    server = serve(**behind_the_worker.environment)
    with finished(server):
        server.stop()
    bindings = behind_the_worker.stand_in
    assert isinstance(bindings, Bindings)
    assert {credential for *_, credential in bindings.seen} == {f"Bearer {BINDINGS_TOKEN}"}
    assert BINDINGS_TOKEN not in server.log
    assert "ui:shop_" not in server.log


def test_a_wrong_token_is_told_by_the_health_check_and_stays_secret(
    serve: StartServer, behind_the_api: Place
) -> None:
    wrong = behind_the_api.environment | {"CLOUDFLARE_API_TOKEN": "a-wrong-token"}
    server = serve(**wrong)
    health = http.get(f"{server.url}/health").text
    assert "failed" in health
    assert "a-wrong-token" not in health + server.log


def test_a_health_check_asks_the_api_once_in_a_while(
    serve: StartServer, behind_the_api: Place
) -> None:
    server = serve(**behind_the_api.environment)
    with http.Client(base_url=server.url) as client:
        for _ in range(100):
            client.get("/health")
    api = behind_the_api.stand_in
    assert isinstance(api, RestApi)
    assert len(api.calls) < 20, "fewer than one for five checks, however slow they are"


@pytest.mark.parametrize(
    ("environment", "missing"),
    [
        ({"WANDSTORE_STATE": "elsewhere"}, "WANDSTORE_STATE must be one of"),
        ({"WANDSTORE_STATE": "worker"}, "SESSION_SECRET must be set"),
        ({"WANDSTORE_STATE": "cloudflare", **ALWAYS}, "CLOUDFLARE_API_TOKEN must be set"),
        ({"WANDSTORE_STATE": "worker", **ALWAYS, "WANDSTORE_KV_URL": "kv"}, "WANDSTORE_KV_URL"),
    ],
)
def test_a_setting_that_is_missing_stops_the_start(
    environment: dict[str, str], missing: str
) -> None:
    with pytest.raises(SettingsError, match=missing):
        read_settings(environment)


def test_no_secret_is_in_the_settings_words(behind_the_api: Place, tmp_path: Path) -> None:
    environment = behind_the_api.environment | {"WANDSTORE_BINDINGS_TOKEN": BINDINGS_TOKEN}
    words = repr(read_settings(environment | {"WANDSTORE_DATA": str(tmp_path)}))
    assert TOKEN not in words
    assert BINDINGS_TOKEN not in words


@pytest.mark.process
def test_what_speaks_to_other_machines_is_not_loaded_before_it_is_needed(place: Place) -> None:
    loaded = (
        "import os, sys; from app.settings import read_settings; from app.storage.factory import open_storage; from app.metrics.registry import Metrics;"
        " open_storage(read_settings(os.environ), Metrics()); print(*sys.modules)"
    )
    names = subprocess.run(
        [sys.executable, "-c", loaded],
        cwd=ROOT,
        env=place.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "app.storage.db.d1" in names
    assert {"httpx", "sqlite3"}.isdisjoint(names)
