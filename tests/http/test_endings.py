"""How a page ends when the process, the model or the catalog does not stay as it was."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer, ends_of_components
from tests.support.shopper_client import Shopper, fillers, fold, slots, stream_of
from tools.support.server import ROOT, Server

StartServer = Callable[..., Server]
HOUSE = "house"


def kept_values(server: Server) -> list[dict[str, Any]]:
    """Return the pages that are kept."""
    with closing(sqlite3.connect(server.data / "kv.sqlite3")) as kv, kv:
        rows = kv.execute("SELECT value FROM pairs WHERE key LIKE 'ui:%'").fetchall()
    return [json.loads(value) for (value,) in rows]


def generations(server: Server) -> list[tuple[str, str | None]]:
    """Return status and message of the composed pages on record."""
    with closing(sqlite3.connect(server.data / "shop.sqlite3")) as database, database:
        found = database.execute("SELECT status, error_message FROM ui_generations")
        return [(str(status), message) for status, message in found]


def wait_until_it_takes_nobody_more(server: Server) -> None:
    while True:
        try:
            httpx.get(f"{server.url}/health")
        except httpx.TransportError:
            return


# ------------------------------------------------------------------ the process ends


def test_on_sigterm_a_page_gets_its_grace_and_its_readers_their_ready(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]))
    server = serve(WANDSTORE_GRACE="20", **model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        with shopper.following(stream) as seen:
            assert next(seen).name == "component"
            model.reached(1)
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            wait_until_it_takes_nobody_more(server)
            model.release()
            assert list(seen)[-1].name == "ready"
        assert server.process.wait(30) == -signal.SIGTERM
        server.start()
        assert shopper.store().headers["x-wandstore-page"] == "kept"
    assert len(model.requests) == 1


def test_on_sigterm_a_page_that_does_not_finish_is_not_kept_and_its_readers_resume(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]), Scenario(text))
    server = serve(WANDSTORE_GRACE="0.2", **model.environment)
    with Shopper(server) as shopper:
        shell = shopper.store().text
        stream = stream_of(shell)
        with shopper.following(stream) as reading:
            first = [next(reading)]
            model.reached(1)
            assert server.kill(signal.SIGTERM) == -signal.SIGTERM
            first += list(reading)
        assert {event.name for event in first} == {"component", "progress"}, "no last word"
        assert kept_values(server) == []
        assert generations(server) == [("failed", "interrupted")]
        server.start()
        rest = shopper.follow(stream, after=first[-1].id)
        assert rest[0].id > first[-1].id
        assert rest[-1].name == "ready"
        assert fold(shell, [*first, *rest]) == slots(shopper.store().text)
    assert len(model.requests) == 2


def test_a_server_killed_while_it_composes_comes_back_whole(
    composed_by_model: Server, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text), Scenario(text, hold_after=(200,)), Scenario(text))
    server = composed_by_model
    with Shopper(server) as early:
        early.follow(stream_of(early.store().text))
        kept = early.store()
        forget_plans(server)
        with Shopper(server) as late:
            stream = stream_of(late.store().text)
            model.reached(1)
            server.kill()
            server.start()
            assert late.follow(stream)[-1].name == "ready"
            assert late.store().headers["x-wandstore-page"] == "kept"
        again = early.store()
    assert again.headers["x-wandstore-page"] == "kept"
    assert again.text == kept.text


def forget_plans(server: Server) -> None:
    """Let the next newcomer's page be composed, not planned."""
    with closing(sqlite3.connect(server.data / "kv.sqlite3")) as kv, kv:
        kv.execute("DELETE FROM pairs WHERE key LIKE 'plan:%'")


@pytest.mark.parametrize("moment", range(6))
def test_a_kill_at_any_moment_loses_nothing_that_was_kept(
    composed_by_model: Server, model: Model, moment: int
) -> None:
    model.play(Scenario(answer(), deltas_per_second=2000))
    server = composed_by_model
    finished: list[httpx.Cookies] = []
    going = threading.Event()
    going.set()

    def shop() -> None:
        while going.is_set():
            try:
                with Shopper(server) as shopper:
                    shopper.follow(stream_of(shopper.store().text))
                    if shopper.store().headers["x-wandstore-page"] == "kept":
                        finished.append(shopper.cookies)
            except httpx.HTTPError:
                return

    crowd = [threading.Thread(target=shop) for _ in range(4)]
    for one in crowd:
        one.start()
    while len(finished) < 3 + 2 * moment:
        going.wait(0.01)
    server.kill()
    for one in crowd:
        one.join(30)
    going.clear()
    server.start()
    for cookies in finished:
        with Shopper(server, cookies=cookies) as shopper:
            assert shopper.store().headers["x-wandstore-page"] == "kept"


# ------------------------------------------------------------------ the catalog changes


def test_a_changed_price_is_drawn_again_and_the_model_is_not_asked(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    model.play(Scenario(answer()))
    catalog = tmp_path / "catalog.json"
    shutil.copytree(ROOT / "demo", tmp_path, dirs_exist_ok=True)
    server = serve(WANDSTORE_CATALOG=str(catalog), **model.environment)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        before = shopper.store().text
        server.stop()
        made = json.loads(catalog.read_text())
        for item in made["products"]:
            item["price"] = 12345.67
        catalog.write_text(json.dumps(made))
        server.start()
        redrawn = shopper.store()
        assert redrawn.headers["x-wandstore-page"] == "redrawn"
        assert fillers(redrawn.text) == fillers(before) == {slot: slot for slot in SLOTS}
        assert "12,345.67" not in before
        assert "12,345.67" in redrawn.text
        again = shopper.store()
        assert again.headers["x-wandstore-page"] == "kept"
        assert again.text == redrawn.text
    assert len(model.requests) == 1


def test_a_product_no_longer_sold_takes_its_component_along_and_no_other(
    serve: StartServer, model: Model, tmp_path: Path
) -> None:
    model.play(Scenario(answer()))
    catalog = tmp_path / "catalog.json"
    shutil.copytree(ROOT / "demo", tmp_path, dirs_exist_ok=True)
    server = serve(WANDSTORE_CATALOG=str(catalog), **model.environment)
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        server.stop()
        made = json.loads(catalog.read_text())
        gone = json.loads(answer())["components"][0]["config"]["product_id"]
        made["products"] = [item for item in made["products"] if item["id"] != gone]
        catalog.write_text(json.dumps(made))
        server.start()
        redrawn = shopper.store().text
        assert fillers(redrawn) == {**{slot: slot for slot in SLOTS}, "hero": "fallback"}
        assert f"/products/{gone}" not in redrawn
        assert shopper.get(f"/products/{gone}").status_code == 404


# ------------------------------------------------------------------ the model does not answer


def test_when_no_model_answers_the_house_does_and_says_so(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), fault=Fault("status", status=401)))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        assert shopper.follow(stream)[-1].name == "ready"
        assert fillers(shopper.store().text) == {slot: slot for slot in SLOTS}
        trace = shopper.trace(stream)
    assert trace["counts"]["model_failed:MODEL_UNAVAILABLE"] == 1
    (kept,) = kept_values(composed_by_model)
    assert kept["meta"]["model"] == trace["model"] == HOUSE
    assert kept["shop_context"]["product_count"] == 30


def test_a_kept_page_says_how_it_came_about(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as shopper:
        ready = shopper.follow(stream_of(shopper.store().text))[-1]
        page = shopper.store().text
    (kept,) = kept_values(composed_by_model)
    assert kept["version"] == 1
    assert kept["ui"]["html"] == page
    assert kept["ui"]["components"] == json.loads(answer())["components"]
    meta = kept["meta"]
    assert meta["model"] == "kimi-k2.6"
    assert meta["persona_type"] == "newcomer"
    assert (meta["persona_hash"], meta["generated_at"]) == (
        ready.payload["persona_hash"],
        ready.payload["generated_at"],
    )
    assert kept["shop_context"] == {"shop_id": "demo", "product_count": 30}


def test_a_page_that_kv_does_not_take_is_finished_and_served_from_memory(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        model.reached(1)
        with closing(sqlite3.connect(composed_by_model.data / "kv.sqlite3")) as kv, kv:
            kv.execute("DROP TABLE pairs")
        model.release()
        seen = shopper.follow(stream)
        assert [event.name for event in seen].count("component") == 5
        assert seen[-1].name == "ready"
        assert shopper.trace(stream)["counts"]["not_stored:KV_WRITE_FAILED"] == 1
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        with Shopper(composed_by_model) as another:
            assert another.follow(stream_of(another.store().text))[-1].name == "ready"
        assert len(model.requests) == 1, "what was decided is not paid for twice"
        health = shopper.get("/health").json()
    assert health["status"] == "degraded"
    assert health["checks"]["kv_connection"] == "failed: StorageError"
