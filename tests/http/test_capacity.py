"""How many pages are composed at once: the rest wait, and beyond that the shell is the page."""

from __future__ import annotations

import time
from collections.abc import Callable

from app.web.cookies import LIFETIME, NEW, SessionSigner
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tools.support import http
from tools.support.server import Server


def test_pages_beyond_those_at_once_wait_and_beyond_those_waiting_get_the_shop_as_it_is(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_PAGES_AT_ONCE="1", WANDSTORE_PAGES_WAITING="1", **model.environment)
    first, second, third = (http.get(f"{server.url}/store") for _ in range(3))
    assert [page.headers["x-wandstore-page"] for page in (first, second, third)] == [
        "shell",
        "shell",
        "fallback",
    ]
    assert "data-stream" not in third.text
    assert third.text.count('data-filled-by="fallback"') == 5
    model.reached(1)
    assert len(model.requests) == 1
    model.release()


def test_a_reader_whose_page_finds_no_place_is_told_to_come_back(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_PAGES_AT_ONCE="1", WANDSTORE_PAGES_WAITING="0", **model.environment)
    http.get(f"{server.url}/store")
    with http.Client(base_url=server.url) as late:
        late.get("/store")
        refused = late.get("/s/demo/stream/anything")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "5"
    model.release()


SECRET = "a secret of some length"  # noqa: S105 - made for these tests


def visit(server: Server, address: str, cookie: str = "") -> str:
    """Visit as a client of an address, which the proxy before the shop names."""
    headers = {"X-Forwarded-For": address, "Cookie": cookie}
    answered = http.get(f"{server.url}/store", headers=headers)
    assert answered.status_code == 200
    assert "Dusk" in answered.text, "the shop is whole, whatever is composed"
    return answered.headers["x-wandstore-page"]


def returning(number: int) -> str:
    """Return the cookie of a shopper who came longer ago than an hour."""
    until = int(time.time()) + LIFETIME - 2 * NEW
    signer = SessionSigner(SECRET.encode())
    cookie = signer.cookie(f"shop_{number:032x}", "demo", until, secure=False)
    return cookie.partition(b";")[0].decode()


def test_one_address_does_not_take_the_places_of_others(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_PAGES_PER_ADDRESS="2", **model.environment)
    assert [visit(server, "192.0.2.1") for _ in range(3)] == ["shell", "shell", "fallback"]
    assert [visit(server, f"2001:db8::{number}") for number in range(3)] == [
        *("shell", "shell", "fallback"),
    ]
    assert visit(server, "192.0.2.2") == "shell"
    model.release()


def test_new_shoppers_leave_places_to_those_who_return(
    serve: Callable[..., Server], model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    places = {"WANDSTORE_PAGES_AT_ONCE": "4", "WANDSTORE_PAGES_WAITING": "0"}
    server = serve(SESSION_SECRET=SECRET, **places, **model.environment)
    new = [visit(server, f"192.0.2.{number}") for number in range(4)]
    assert new == ["shell", "shell", "shell", "fallback"]
    assert visit(server, "192.0.2.9", returning(1)) == "shell"
    assert visit(server, "192.0.2.9", returning(2)) == "fallback"
    model.release()


def test_a_proxy_that_is_not_believed_is_said_in_the_log_and_in_health(
    serve: Callable[..., Server],
) -> None:
    server = serve()
    health = f"{server.url}/health"
    assert http.get(health).json()["checks"]["client_addresses"] == "ok"
    for _ in range(3):
        http.get(f"{server.url}/store", headers={"X-Real-IP": "192.0.2.1"})
    assert "FORWARDED_ALLOW_IPS" in http.get(health).json()["checks"]["client_addresses"]
    assert http.get(health).json()["status"] == "degraded"
    assert server.log.count("set FORWARDED_ALLOW_IPS") == 1
