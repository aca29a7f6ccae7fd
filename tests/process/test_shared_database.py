"""Shops that share Redis and PostgreSQL: what is stored of a shopper, and a database that is gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from redis import Redis as Client

from app.storage.db.postgres import Limits
from tests.conftest import QUICK
from tests.support.in_process import InProcessServer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.waiting import eventually
from tools.support import http
from tools.support.postgres import Postgres
from tools.support.redis import RedisProcess, installed
from tools.support.server import ROOT, Server

pytestmark = pytest.mark.skipif(installed() is None, reason="NO REDIS OR VALKEY (tools/install.sh)")

OURS = {"sec-fetch-site": "same-origin"}
ORDER = {"events": [{"kind": "purchase", "items": [{"product": "dusk-lamp"}]}] * 2}
CALL = Limits().call
TABLES = {"shoppers", "personas", "signals", "ui_generations"}


@pytest.fixture
def state(postgres: Postgres, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What every process has in its environment."""
    with RedisProcess(tmp_path / "redis") as redis:
        yield {
            **QUICK,
            "WANDSTORE_STATE": "cluster",
            "WANDSTORE_HOUSE_PACE": "0",
            "SESSION_SECRET": "one secret for all of them",
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.new_schema(),
        }


@pytest.fixture
def shops(state: dict[str, str], tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    with ExitStack() as stack:
        one, two = (
            stack.enter_context(InProcessServer(tmp_path / name, {**state, **impatient}))
            for name, impatient in (("one", {}), ("two", {"WANDSTORE_STORAGE_SECONDS": "0.2"}))
        )
        yield one, two


def wandstore(state: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=ROOT,
        env={**os.environ, **state},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def exported(state: dict[str, str], shopper: Shopper) -> dict[str, Any]:
    """Return what is stored of a shopper anywhere; nothing where nothing is known of them."""
    told = wandstore(state, "shopper", "export", id_of(shopper))
    if told.returncode == 1:
        return {}
    assert told.returncode == 0, told.stderr
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def recorded(postgres: Postgres, state: dict[str, str], shopper: Shopper) -> str:
    """Return something where a page of a shopper has been recorded."""
    table = f"{state['DATABASE_URL'].rpartition('=')[2]}.ui_generations"
    return postgres.psql(f"SELECT id FROM {table} WHERE shopper_id = '{id_of(shopper)}'")  # noqa: S608


def id_of(shopper: Shopper) -> str:
    return shopper.cookies["shopper_demo"].partition(".")[0]


def metrics_of(shop: Server) -> str:
    return http.get(f"{shop.url}/metrics").text


def shop_with(shopper: Shopper, elsewhere: Server) -> None:
    """Be shown a page by one shop and buy from the other."""
    if stream := stream_of(shopper.store().text):
        shopper.follow(stream)
    with Shopper(elsewhere, shopper.cookies) as there:
        assert there.post("/signals", json=ORDER, headers=OURS).status_code == 204


def test_a_shopper_is_told_handed_over_and_erased_whichever_shop_they_were_at(
    state: dict[str, str], shops: tuple[Server, Server], postgres: Postgres
) -> None:
    with Shopper(shops[0]) as one, Shopper(shops[0]) as other:
        shop_with(one, shops[1])
        shop_with(other, shops[1])
        eventually(lambda: recorded(postgres, state, one))
        found = exported(state, one)
        assert {table for table, rows in found.items() if rows} >= TABLES
        assert len(found["signals"]) == 2
        assert id_of(other) not in json.dumps(found)

        report = http.get(f"{shops[1].url}/insights", headers={"accept": "application/json"})
        assert report.status_code == 200

        with Client.from_url(state["REDIS_URL"]) as redis:
            assert redis.keys(f"events:*{id_of(one)}*")
            assert wandstore(state, "shopper", "erase", id_of(one)).returncode == 0
            assert redis.keys(f"events:*{id_of(one)}*") == []
            leases = redis.keys(f"lease:*{id_of(one)}*")
            assert all(redis.pttl(lease) <= 10_000 for lease in leases)
        eventually(lambda: all('part="erased",event="erased"' in metrics_of(it) for it in shops))
        assert exported(state, one) == {}
        with Shopper(shops[1], other.cookies) as there:
            there.post("/forget", headers=OURS)
        assert exported(state, other) == {}


def test_a_shop_stays_open_while_its_database_is_slow_and_while_it_is_gone(
    state: dict[str, str], shops: tuple[Server, Server], postgres: Postgres
) -> None:
    shop = shops[1]

    def checks() -> dict[str, str]:
        found: dict[str, str] = http.get(f"{shop.url}/health").json()["checks"]
        return found

    assert (checks()["database"], checks()["kv_connection"]) == ("ok", "ok")
    with Shopper(shops[0]) as elsewhere:
        elsewhere.store()
        with (
            postgres.locking(state["DATABASE_URL"], "shoppers"),
            Shopper(shop, elsewhere.cookies) as known,
        ):
            assert known.get("/store").elapsed.total_seconds() < CALL / 2
        postgres.stop()
        try:
            assert checks()["database"].startswith("failed: ")
            assert checks()["kv_connection"] == "ok"
            with Shopper(shop) as new:
                if stream := stream_of(new.store().text):
                    assert new.follow(stream)[-1].name == "ready"
                assert new.store().headers["x-wandstore-page"] != "fallback"
                refused = new.post("/signals", json=ORDER, headers=OURS)
                assert (refused.status_code, "NOT_STORED" in refused.text) == (503, True)
        finally:
            postgres.start()
        eventually(lambda: checks()["database"] == "ok")
        eventually(lambda: exported(state, new))
