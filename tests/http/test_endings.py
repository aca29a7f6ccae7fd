"""How a page ends when the model or the catalog does not stay as it was."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_llm import Fault, Scenario
from tests.support.fake_model import SLOTS, Model, answer, component
from tests.support.shopper_client import Shopper, fillers, fold, slots, stream_of
from tests.support.stored import break_kv, kept_pages
from tests.support.waiting import eventually
from tools.support.server import ROOT, Server

StartServer = Callable[..., Server]
HOUSE = "house"


def products_in(html: str) -> list[str]:
    """Return the products that a slot links to, in its order."""
    return re.findall(r'href="/products/([^"]+)"', html)


# ------------------------------------------------------------------ the catalog changes


Change = Callable[[Callable[[dict[str, Any]], None]], None]


@pytest.fixture
def change(serve: StartServer, model: Model, tmp_path: Path) -> Iterator[tuple[Server, Change]]:
    """A shop composed by the model, and what opens it again with each product changed.

    A product of which nothing is left is not sold any more.
    """
    model.play(Scenario(answer()))
    catalog = tmp_path / "catalog.json"
    shutil.copytree(ROOT / "demo", tmp_path, dirs_exist_ok=True)
    server = serve(WANDSTORE_CATALOG=str(catalog), **model.environment)

    def reopen(edit: Callable[[dict[str, Any]], None]) -> None:
        server.stop()
        made = json.loads(catalog.read_text())
        for item in made["products"]:
            edit(item)
        made["products"] = [item for item in made["products"] if item]
        catalog.write_text(json.dumps(made))
        server.start()

    yield server, reopen
    assert len(model.requests) == 1, "what was decided is not asked for again"


def test_a_changed_price_is_drawn_again_and_the_model_is_not_asked(
    change: tuple[Server, Change],
) -> None:
    server, reopen = change
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        before = shopper.store().text
        reopen(lambda item: item.update(price=12345.67))
        redrawn = shopper.store()
        assert redrawn.headers["x-wandstore-page"] == "redrawn"
        assert fillers(redrawn.text) == fillers(before) == {slot: slot for slot in SLOTS}
        assert "12,345.67" not in before
        assert "12,345.67" in redrawn.text
        again = shopper.store()
        assert again.headers["x-wandstore-page"] == "kept"
        assert again.text == redrawn.text


@pytest.mark.parametrize("removed", [False, True])
def test_a_hero_that_is_gone_gives_way_to_the_next_of_the_same_page(
    change: tuple[Server, Change], removed: bool
) -> None:
    server, reopen = change
    hero, grid = (component(kind)["config"] for kind in ("hero", "grid"))
    gone = {hero["product_id"], grid["product_ids"][0]}

    def edit(item: dict[str, Any]) -> None:
        if item["id"] in gone:
            item.clear() if removed else item.update(stock=0, variants=[])

    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        shopper.follow(stream)
        reopen(edit)
        events = shopper.follow(stream)
        page = shopper.store().text
        with Shopper(server) as newcomer:
            shared = newcomer.store().text
    assert fillers(page) == {slot: slot for slot in SLOTS}
    for filled in (slots(page), slots(shared), fold(page, events)):
        drawn = filled["hero"][1]
        assert f"/products/{grid['product_ids'][1]}" in drawn
        assert "Sold out" not in drawn
        assert hero["headline"] not in drawn, "that was said of another product"
        assert products_in(filled["grid"][1])[:3] == grid["product_ids"][1:4]
        assert grid["title"] in filled["grid"][1]

    def leads() -> list[str]:
        return [it["ui"]["components"][0]["config"]["product_id"] for it in kept_pages(server)]

    eventually(lambda: leads() == grid["product_ids"][1:2])


def test_a_page_of_which_everything_has_sold_out_stays_and_says_so(
    change: tuple[Server, Change],
) -> None:
    server, reopen = change
    with Shopper(server) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        reopen(lambda item: item.update(stock=0, variants=[]))
        page = shopper.store().text
    hero = component("hero")["config"]
    assert fillers(page) == {slot: slot for slot in SLOTS}
    drawn = {slot: html for slot, (_, html) in slots(page).items()}
    assert f"/products/{hero['product_id']}" in drawn["hero"]
    assert hero["link_text"] not in drawn["hero"], "nothing calls to buy what cannot be had"
    assert all("sold out" in html.lower() for html in drawn.values())


# ------------------------------------------------------------------ the model does not answer


def test_when_no_model_answers_the_house_does_and_says_so(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), fault=Fault("status", status=401)))
    with Shopper(composed_by_model) as shopper:
        stream = stream_of(shopper.store().text)
        assert shopper.follow(stream)[-1].name == "ready"
        filled = fillers(shopper.store().text)
        assert filled == {slot: slot for slot in SLOTS} | {"feature": "story"}
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
    assert health["checks"]["kv_connection"] == "failed: no such table: pairs"
