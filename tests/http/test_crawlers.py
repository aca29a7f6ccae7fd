"""Crawlers: a complete page, no cookie, and never a token."""

from __future__ import annotations

import time

import pytest

from app.web.cookies import LIFETIME, SessionSigner
from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.stored import rows
from tools.support import http
from tools.support.server import Server

SECRET = "a secret of some length"  # noqa: S105 - made for these tests
CRAWLERS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "facebookexternalhit/1.1",
    "Twitterbot/1.0",
    "Mozilla/5.0+(compatible; UptimeRobot/2.0)",
    "WhatsApp/2.23.20 A",
]


def test_a_crawler_gets_a_complete_page_and_nobody_is_asked(
    composed_by_model: Server, model: Model
) -> None:
    for name in CRAWLERS:
        page = http.get(f"{composed_by_model.url}/store", headers={"User-Agent": name})
        assert page.status_code == 200
        assert page.headers["x-wandstore-page"] == "fallback"
        assert "set-cookie" not in page.headers
        assert "data-stream" not in page.text
        assert fillers(page.text) == dict.fromkeys(SLOTS, "fallback")
    assert model.requests == ()


def test_who_only_asks_for_the_head_costs_nothing(serve: StartServer, model: Model) -> None:
    server = serve(**model.environment, SESSION_SECRET=SECRET)
    expires = int(time.time()) + LIFETIME - 60
    known = SessionSigner(SECRET.encode()).cookie(f"shop_{'0' * 32}", "demo", expires, secure=False)
    for cookie in ("", known.decode().partition(";")[0]):
        page = http.head(f"{server.url}/store", headers={"Cookie": cookie})
        assert page.status_code == 200
        assert "set-cookie" not in page.headers
    server.stop()  # which ends what has been begun
    assert model.requests == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [("Sec-Purpose", "prefetch;prerender"), ("Purpose", "prefetch"), ("X-Moz", "prefetch")],
)
def test_a_page_fetched_ahead_costs_nothing_and_the_visit_that_follows_is_composed(
    composed_by_model: Server, model: Model, name: str, value: str
) -> None:
    model.play(Scenario(answer()))
    ahead = http.get(f"{composed_by_model.url}/store", headers={name: value})
    assert ahead.headers["x-wandstore-page"] == "shell"
    assert stream_of(ahead.text) == "/s/demo/stream/visit"
    assert "set-cookie" not in ahead.headers
    assert model.requests == ()
    with Shopper(composed_by_model) as shopper:
        page = shopper.store()
        assert page.headers["x-wandstore-page"] == "shell"
        shopper.get("/store", headers={name: value})
        shopper.follow(stream_of(page.text))
    assert len(model.requests) == 1


def test_a_page_fetched_ahead_is_the_shoppers_own_without_a_row_or_a_new_cookie(
    serve: StartServer, model: Model
) -> None:
    server = serve(**model.environment, SESSION_SECRET=SECRET)
    model.play(Scenario(answer()))
    known = SessionSigner(SECRET.encode())
    day = int(time.time()) + 24 * 3600  # the cookie is due to be set anew
    cookie = known.cookie(f"shop_{'0' * 32}", "demo", day, secure=False).decode().partition(";")[0]
    ahead = http.get(f"{server.url}/store", headers={"Cookie": cookie, "Sec-Purpose": "prefetch"})
    assert ahead.headers["x-wandstore-page"] == "shell"
    assert "set-cookie" not in ahead.headers
    page = http.get(f"{server.url}/store", headers={"Cookie": cookie})
    with http.stream("GET", server.url + stream_of(page.text), headers={"Cookie": cookie}) as end:
        end.read()
    ahead = http.get(f"{server.url}/store", headers={"Cookie": cookie, "Sec-Purpose": "prefetch"})
    assert ahead.headers["x-wandstore-page"] == "kept"
    assert "set-cookie" in page.headers
    assert "set-cookie" not in ahead.headers
    server.stop()  # which writes what is to be written
    assert len(model.requests) == 1
    assert rows(server, "SELECT count(*) FROM shoppers") == [(1,)]


def test_who_never_shows_a_second_sign_of_life_leaves_no_row(composed_by_model: Server) -> None:
    with Shopper(composed_by_model) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        shopper_id = shopper.cookies["shopper_demo"].partition(".")[0]
    strangers = [http.get(f"{composed_by_model.url}/store") for _ in range(3)]
    assert all("set-cookie" in page.headers for page in strangers)
    composed_by_model.stop()  # which writes what is to be written
    assert rows(composed_by_model, "SELECT id FROM shoppers") == [(shopper_id,)]


def test_what_is_no_document_is_the_catalogs_page_and_costs_nothing(
    composed_by_model: Server, model: Model
) -> None:
    with Shopper(composed_by_model) as shopper:
        for destination in 2 * ("image", "script", "iframe", "empty"):
            page = shopper.get("/store", headers={"Sec-Fetch-Dest": destination})
            assert page.headers["x-wandstore-page"] == "fallback"
            assert "set-cookie" not in page.headers
            assert stream_of(page.text) == ""
        assert model.requests == ()
        document = shopper.get("/store", headers={"Sec-Fetch-Dest": "document"})
        assert document.headers["x-wandstore-page"] == "shell"
