"""What a shop may keep of its shoppers before they agree: nothing, what is essential, or all."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import kv_rows, rows
from tests.support.waiting import eventually
from tools.support.server import Server

OURS = {"sec-fetch-site": "same-origin"}
VIEW = {"events": [{"kind": "view", "product": "dusk-lamp"}]}
TAPERS = {"do": "add", "product": "beeswax-tapers", "variant": "beeswax-tapers"}
TABLES = ("shoppers", "personas", "signals", "ui_generations", "exposures", "views")
AGREED = ("choice", "ads:0,stats:1")

Open = Callable[[str], Server]


@pytest.fixture
def open_shop(serve: StartServer, tmp_path: Path) -> Open:
    """Open the demo shop with a consent, and a banner that tells what was agreed to."""

    def open_with(level: str) -> Server:
        say(tmp_path, level)
        catalog = str(tmp_path / "catalog.json")
        return serve(WANDSTORE_CATALOG=catalog)

    return open_with


def say(folder: Path, level: str) -> None:
    """Write the demo catalog with a consent."""
    catalog: dict[str, Any] = json.loads((ROOT / "demo" / "catalog.json").read_text())
    catalog["shop"] |= {"consent": level, "consent_cookie": "choice=stats:1"}
    (folder / "catalog.json").write_text(json.dumps(catalog))


def composed(server: Server) -> list[str]:
    """Return for which types of persona pages were composed."""
    lines = [json.loads(line) for line in server.log.splitlines()]
    return [line["persona"] for line in lines if line.get("event") == "page"]


def written(server: Server) -> dict[str, int]:
    """Return the tables with anything in them, once all has been written."""
    server.stop()
    counts = {table: len(rows(server, f"SELECT 1 FROM {table}")) for table in TABLES}  # noqa: S608
    return {table: count for table, count in counts.items() if count}


def shop(shopper: Shopper) -> list[str]:
    """See the page composed, report a product, put it into the basket; return the cookies set."""
    page = shopper.store()
    shopper.follow(stream_of(page.text))
    assert shopper.store().headers["x-wandstore-page"] == "kept"
    assert shopper.post("/signals", json=VIEW, headers=OURS).status_code == 204
    added = shopper.post("/basket", data=TAPERS, headers=OURS)
    assert added.status_code == 303
    assert "beeswax-tapers" in shopper.get("/basket").text
    return [page.headers["set-cookie"], added.headers["set-cookie"]]


def test_what_is_essential_is_the_session_and_the_basket(open_shop: Open) -> None:
    server = open_shop("essential")
    with Shopper(server) as shopper:
        for cookie in shop(shopper):
            assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax")
            assert "Max-Age" not in cookie
        assert set(shopper.cookies) == {"shopper_demo", "basket_demo"}
    assert written(server) == {}


def test_who_is_known_from_before_is_a_newcomer_until_they_agree(open_shop: Open) -> None:
    server = open_shop("personalise")
    order = {"kind": "purchase", "items": [{"product": "dusk-lamp", "quantity": 1}]}
    with Shopper(server) as shopper:
        shop(shopper)
        told = shopper.post("/signals", json={"events": [order] * 3}, headers=OURS)
        assert told.status_code == 204
        cookies = shopper.cookies
    server.stop()
    ((persona,),) = rows(
        server,
        "SELECT type FROM personas JOIN shoppers ON hash = current_persona_hash"
        " WHERE type <> 'newcomer'",
    )
    say(server.data.parent, "essential")
    kv_rows(server, "DELETE FROM pairs")
    before = len(composed(server))
    server.start()
    with Shopper(server, cookies) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        eventually(lambda: composed(server)[before:] == ["newcomer"])
        shopper.cookies.set(*AGREED)
        shopper.follow(stream_of(shopper.store().text))
    server.stop()
    assert composed(server)[before:] == ["newcomer", persona]


def test_before_they_agree_there_is_no_cookie_at_all(open_shop: Open) -> None:
    server = open_shop("none")
    with Shopper(server) as shopper:
        for _ in range(2):
            assert shopper.store().headers["x-wandstore-page"] == "fallback"
        assert shopper.get("/s/demo/stream/visit", headers=OURS).status_code == 404
        assert shopper.post("/signals", json=VIEW, headers=OURS).status_code == 401
        refused = shopper.post("/basket", data=TAPERS, headers=OURS)
        assert (refused.status_code, "needs a cookie" in refused.text) == (403, True)
        shopper.get("/basket")
        assert dict(shopper.cookies) == {}
    assert written(server) == {}


def test_once_they_agree_all_is_as_in_any_shop(open_shop: Open) -> None:
    server = open_shop("none")
    with Shopper(server) as shopper:
        shopper.cookies.set("choice", "ads:1,stats:0")
        assert shopper.store().headers["x-wandstore-page"] == "fallback"
        shopper.cookies.clear()
        shopper.cookies.set(*AGREED)
        session, basket = shop(shopper)
        assert ("; Max-Age=15552000;" in session, "; Max-Age=2592000;" in basket) == (True, True)
        shopper.cookies.delete("choice")
        assert shopper.store().headers["x-wandstore-page"] == "fallback"
        assert shopper.post("/signals", json=VIEW, headers=OURS).status_code == 204
    found = written(server)
    assert found["signals"] == 2, "a view, and what was put into the basket"
    assert {"shoppers", "ui_generations"} <= set(found)


def test_a_shop_that_says_nothing_personalises(serve: StartServer) -> None:
    with Shopper(serve()) as shopper:
        assert "; Max-Age=15552000;" in shopper.store().headers["set-cookie"]
