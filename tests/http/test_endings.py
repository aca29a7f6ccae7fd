"""How a page ends when the model or the catalog does not stay as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.stored import break_kv, kept_pages
from tools.support.server import ROOT, Server

StartServer = Callable[..., Server]
HOUSE = "house"


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
    (kept,) = kept_pages(composed_by_model)
    assert kept["meta"]["model"] == trace["model"] == HOUSE
    assert kept["shop_context"]["product_count"] == 30


def test_a_kept_page_says_how_it_came_about(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as shopper:
        ready = shopper.follow(stream_of(shopper.store().text))[-1]
        page = shopper.store().text
    (kept,) = kept_pages(composed_by_model)
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
        break_kv(composed_by_model)
        model.release()
        seen = shopper.follow(stream)
        assert [event.name for event in seen].count("component") == 5
        assert seen[-1].name == "ready"
        assert shopper.trace(stream)["counts"]["not_stored:KV_WRITE_FAILED"] == 1
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        with Shopper(composed_by_model) as another:
            assert another.store().headers["x-wandstore-page"] == "kept"
        assert len(model.requests) == 1, "what was decided is not paid for twice"
        health = shopper.get("/health").json()
    assert health["status"] == "degraded"
    assert health["checks"]["kv_connection"] == "failed: StorageError"
