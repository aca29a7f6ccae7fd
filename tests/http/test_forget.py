"""A shopper who wants to be forgotten: everywhere, at once, and nobody else."""

from __future__ import annotations

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer, ends_of_components
from tests.support.shopper_client import Shopper, stream_of
from tests.support.stored import pairs, rows
from tests.support.waiting import eventually
from tools.support.server import Server

OURS = {"sec-fetch-site": "same-origin"}
VIEW = {"events": [{"kind": "view", "product": "dusk-lamp"}]}
OF_SHOPPERS = {
    "shoppers": "id",
    "personas": "shopper_id",
    "signals": "shopper_id",
    "ui_generations": "shopper_id",
}


def id_of(shopper: Shopper) -> str:
    return shopper.cookies["shopper_demo"].partition(".")[0]


def stored(server: Server, shopper_id: str) -> set[str]:
    """Return where a shopper is stored."""
    found = {
        table
        for table, column in OF_SHOPPERS.items()
        if rows(server, f"SELECT 1 FROM {table} WHERE {column} = '{shopper_id}'")  # noqa: S608
    }
    return found | set(pairs(server, f"ui:{shopper_id}:"))


def forget(shopper: Shopper) -> httpx.Response:
    return shopper.post("/forget", headers=OURS)


def test_who_is_forgotten_is_stored_nowhere_and_comes_back_as_somebody_else(
    composed_by_model: Server, model: Model
) -> None:
    server = composed_by_model
    model.play(Scenario(answer()))
    with Shopper(server) as one, Shopper(server) as other:
        stream = stream_of(one.store().text)
        one.follow(stream)
        one.post("/basket", data={"do": "add", "product": "dusk-lamp"}, headers=OURS)
        other.store()
        mine, theirs = id_of(one), id_of(other)
        for shopper in (one, other):
            assert shopper.post("/signals", json=VIEW, headers=OURS).status_code == 204
        eventually(lambda: {"shoppers", "signals", "ui_generations"} < stored(server, mine))
        assert '<form method="post" action="/forget">' in one.get("/forget").text
        told = forget(one)
        assert (told.status_code, told.headers["location"]) == (303, "/forget?done=1")
        assert dict(one.cookies) == {}
        assert "You are forgotten" in one.get("/forget?done=1").text
        assert stored(server, mine) == set()
        assert {"shoppers", "signals"} <= stored(server, theirs)
        one.store()
        assert id_of(one) != mine


def test_a_page_that_is_being_composed_is_not_kept_after_that(
    serve: StartServer, model: Model
) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)[1:2]))
    server = serve(**model.environment)
    with Shopper(server) as shopper:
        stream = stream_of(shopper.store().text)
        mine = id_of(shopper)
        with shopper.following(stream) as seen:
            next(seen)
            model.reached(1)
            forget(shopper)
            assert all(event.name != "ready" for event in seen)
    server.stop()
    assert stored(server, mine) == set()


def test_a_page_that_no_record_leads_to_is_erased_as_well(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as untracked, Shopper(composed_by_model) as fresh:
        untracked.headers["dnt"] = "1"
        streams = [(one, stream_of(one.store().text)) for one in (untracked, fresh)]
        for shopper, stream in streams:
            shopper.follow(stream)
            mine = id_of(shopper)
            assert pairs(composed_by_model, f"ui:{mine}:")
            forget(shopper)
            assert stored(composed_by_model, mine) == set()


@pytest.mark.parametrize(
    "headers", [{}, {"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}]
)
def test_no_other_page_can_have_a_shopper_forgotten(
    house_server: Server, headers: dict[str, str]
) -> None:
    with Shopper(house_server) as shopper:
        shopper.store()
        refused = shopper.post("/forget", headers=headers)
        assert refused.status_code == 403
        assert "shopper_demo" in shopper.cookies


def test_whoever_is_nobody_has_nothing_to_be_erased(house_server: Server) -> None:
    with Shopper(house_server) as nobody:
        assert forget(nobody).status_code == 303
        assert nobody.get("/s/none/forget").status_code == 404


def test_what_cannot_be_erased_is_not_said_to_be(serve: StartServer) -> None:
    server = serve()
    with Shopper(server) as shopper:
        shopper.store()
        rows(server, "DROP TABLE ui_generations")
        failed = forget(shopper)
        assert (failed.status_code, "set-cookie" in failed.headers) == (503, False)
        assert "shopper_demo" in shopper.cookies


@pytest.mark.parametrize("header", ["dnt", "sec-gpc"])
def test_of_who_asks_not_to_be_followed_nothing_is_written_down(
    serve: StartServer, header: str
) -> None:
    server = serve()
    with Shopper(server) as shopper, Shopper(server) as other:
        shopper.headers[header] = "1"
        shopper.follow(stream_of(shopper.store().text))
        assert shopper.post("/signals", json=VIEW, headers=OURS).status_code == 204
        assert shopper.store().headers["x-wandstore-page"] == "kept"
        mine = id_of(shopper)
        other.store()
        assert other.post("/signals", json=VIEW, headers=OURS).status_code == 204
        theirs = id_of(other)
    server.stop()
    assert rows(server, "SELECT id FROM shoppers") == [(theirs,)]
    assert [place for place in stored(server, mine) if not place.startswith("ui:")] == []
