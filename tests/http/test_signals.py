"""POST /signals on the real server: what is taken, what is refused, and what comes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.stored import pairs, rows
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

OURS = {"sec-fetch-site": "same-origin"}
VIEW = {"kind": "view", "product": "dusk-lamp"}
ORDER = {"kind": "purchase", "items": [{"product": "dusk-lamp", "quantity": 1}]}


@pytest.fixture
def shopper(composed_by_model: Server, model: Model) -> Iterator[Shopper]:
    """A shopper who has seen their first page to its end."""
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as visitor:
        visitor.follow(stream_of(visitor.store().text))
        yield visitor


@pytest.fixture
def visitor(house_server: Server) -> Iterator[Shopper]:
    """A new shopper on the server that tests share."""
    with Shopper(house_server) as made:
        made.store()
        yield made


def tell(shopper: httpx.Client, *events: Any, **headers: str) -> httpx.Response:
    return shopper.post("/signals", json={"events": list(events)}, headers={**OURS, **headers})


def facts(server: Server) -> list[dict[str, Any]]:
    return [json.loads(fact) for (fact,) in rows(server, "SELECT fact FROM signals ORDER BY id")]


def has_told(server: Server, shopper: Shopper) -> bool:
    told = {name for (name,) in rows(server, "SELECT shopper_id FROM signals")}
    return shopper.cookies["shopper_demo"].split(".")[0] in told


def code(response: httpx.Response) -> tuple[int, str, str]:
    error = response.json()["error"]
    assert set(error) - {"field"} == {"code", "message", "retryable"}
    return response.status_code, error["code"], error.get("field", "")


def test_what_is_told_is_noted_with_the_catalogs_own_prices(
    shopper: Shopper, composed_by_model: Server
) -> None:
    answered = tell(shopper, VIEW, ORDER, {"kind": "filter", "category": "Lamps"})
    assert (answered.status_code, answered.content) == (204, b"")
    assert "content-length" not in answered.headers
    told = facts(composed_by_model)
    assert [fact["kind"] for fact in told] == ["view", "purchase", "filter"]
    assert told[1]["cents"] == 14_800
    assert told[0]["categories"] == ["Lamps"]


def test_a_shopper_who_changes_finds_the_new_page_ready(
    shopper: Shopper, composed_by_model: Server, model: Model
) -> None:
    before = pairs(composed_by_model, "ui:")
    assert tell(shopper, ORDER, ORDER).status_code == 204
    eventually(lambda: len(pairs(composed_by_model, "ui:")) == 2)
    page = shopper.store()
    assert page.headers["x-wandstore-page"] == "kept"
    assert 'data-persona="loyalist"' in page.text
    assert "fallback" not in fillers(page.text).values()
    assert len(model.requests) == 2
    (fresh,) = pairs(composed_by_model, "ui:").keys() - before.keys()
    (current,) = rows(composed_by_model, "SELECT id, current_persona_hash FROM shoppers")
    assert fresh == f"ui:{current[0]}:{current[1]}"


def test_the_persona_outlives_the_server(shopper: Shopper, composed_by_model: Server) -> None:
    tell(shopper, ORDER, ORDER)
    eventually(lambda: len(pairs(composed_by_model, "ui:")) == 2)
    composed_by_model.stop()
    composed_by_model.start()
    page = shopper.store()
    assert page.headers["x-wandstore-page"] == "kept"
    assert 'data-persona="loyalist"' in page.text


def test_nothing_is_composed_for_a_persona_that_stays_the_same(
    shopper: Shopper, model: Model
) -> None:
    for _ in range(3):
        assert tell(shopper, VIEW).status_code == 204
    assert shopper.store().headers["x-wandstore-page"] == "kept"
    assert len(model.requests) == 1


def test_no_other_shopper_is_touched(shopper: Shopper, composed_by_model: Server) -> None:
    with Shopper(composed_by_model) as other:
        before = other.store()
        tell(shopper, ORDER, ORDER)
        eventually(lambda: len(pairs(composed_by_model, "ui:")) == 2)
        after = other.store()
        assert (after.text, after.headers["etag"]) == (before.text, before.headers["etag"])
        assert 'data-persona="newcomer"' in after.text
    assert len(rows(composed_by_model, "SELECT DISTINCT shopper_id FROM signals")) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        ("{", "body"),
        ("[]", "body"),
        ("null", "body"),
        ('"\\ud800"', "body"),
        ("[" * 4000, "body"),
        ("{}", "events"),
        ('{"events": []}', "events"),
        ('{"events": {}}', "events"),
        ('{"events": [], "more": 1}', "events"),
        ('{"events": [7]}', "events.0"),
        ('{"events": [{}]}', "events.0"),
        ('{"events": [{"kind": "theft"}]}', "events.0"),
        ('{"events": [{"kind": "view"}]}', "events.0.product"),
        ('{"events": [{"kind": "view", "product": ""}]}', "events.0.product"),
        ('{"events": [{"kind": "view", "product": 7}]}', "events.0.product"),
        ('{"events": [{"kind": "view", "product": "x", "price": 1}]}', "events.0.price"),
        ('{"events": [{"kind": "dwell", "product": "x", "seconds": 1.5}]}', "events.0.seconds"),
        ('{"events": [{"kind": "dwell", "product": "x", "seconds": "9"}]}', "events.0.seconds"),
        ('{"events": [{"kind": "dwell", "product": "x", "seconds": NaN}]}', "body"),
        ('{"events": [{"kind": "dwell", "product": "x", "seconds": -1}]}', "events.0.seconds"),
        ('{"events": [{"kind": "dwell", "product": "x", "seconds": true}]}', "events.0.seconds"),
        ('{"events": [{"kind": "filter", "sort": "random"}]}', "events.0.sort"),
        ('{"events": [{"kind": "purchase", "items": []}]}', "events.0.items"),
        ('{"events": [{"kind": "purchase", "items": [{"product": "x", "quantity": 0}]}]}', "events.0.items.0.quantity"),
        ('{"events": [{"kind": "purchase", "items": [{"product": "x", "value": 9}]}]}', "events.0.items.0.value"),
    ],
)  # fmt: skip
def test_a_body_of_another_form_is_refused_with_the_field_named(
    visitor: Shopper, house_server: Server, body: str, field: str
) -> None:
    answered = visitor.post(
        "/signals", content=body, headers={**OURS, "content-type": "application/json"}
    )
    found = code(answered)
    assert found[:2] == (400, "INVALID_SIGNALS")
    assert found[2] == field
    assert not has_told(house_server, visitor)


def test_a_refusal_never_repeats_what_was_sent(visitor: Shopper) -> None:
    secret = "my-private-thing"  # noqa: S105 - it is none
    for event in (
        {"kind": secret},
        {"kind": "view", "product": [secret]},
        {**VIEW, "product": secret},
    ):
        answered = tell(visitor, event)
        assert answered.status_code == 400
        assert secret not in answered.text


def test_more_than_the_bounds_is_refused(visitor: Shopper) -> None:
    assert code(tell(visitor, *[VIEW] * 21))[1:] == ("INVALID_SIGNALS", "events")
    assert code(tell(visitor, {**VIEW, "product": "x" * 8192}))[:2] == (413, "TOO_LARGE")


def chunks(of: bytes) -> Iterator[bytes]:
    for _ in range(64):
        yield of


def test_a_body_of_unknown_length_is_read_no_further_than_its_bound(visitor: Shopper) -> None:
    headers = {**OURS, "content-type": "application/json"}
    answered = visitor.post("/signals", content=chunks(b" " * 1024), headers=headers)
    assert code(answered)[:2] == (413, "TOO_LARGE")


def test_what_the_shop_does_not_sell_is_passed_over_and_refused_where_it_is_all(
    shopper: Shopper, composed_by_model: Server
) -> None:
    gone = {"kind": "view", "product": "gone"}
    assert tell(shopper, gone, VIEW).status_code == 204
    assert [fact["products"] for fact in facts(composed_by_model)] == [["dusk-lamp"]]
    assert code(tell(shopper, gone))[:2] == (400, "UNKNOWN_PRODUCT")
    lost = {"kind": "filter", "category": "Cars"}
    assert code(tell(shopper, lost))[:2] == (400, "UNKNOWN_CATEGORY")


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": ""},
        {"origin": "https://elsewhere.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": "http://OURS"},
        {},
    ],
)
def test_no_page_but_ours_can_tell(
    visitor: Shopper, house_server: Server, headers: dict[str, str]
) -> None:
    host = house_server.url.removeprefix("http://")
    sent = {name: value.replace("OURS", host) for name, value in headers.items()}
    answered = visitor.post("/signals", json={"events": [VIEW]}, headers=sent)
    assert code(answered)[:2] == (403, "CROSS_ORIGIN")
    assert not has_told(house_server, visitor)


def test_a_browser_that_names_only_its_origin_is_heard(
    visitor: Shopper, house_server: Server
) -> None:
    headers = {"origin": house_server.url}
    assert visitor.post("/signals", json={"events": [VIEW]}, headers=headers).status_code == 204


def test_behind_a_proxy_that_keeps_the_host_to_itself_the_public_address_is_ours(
    serve: StartServer,
) -> None:
    server = serve(WANDSTORE_PUBLIC_URL="https://shop.example")
    with Shopper(server) as shopper:
        shopper.store()
        sent = {
            origin: shopper.post("/signals", json={"events": [VIEW]}, headers={"origin": origin})
            for origin in (
                "https://Shop.example",
                "http://shop.example",
                "https://shop.example.net",
            )
        }
    assert [answered.status_code for answered in sent.values()] == [204, 403, 403]


def test_only_json_is_taken(visitor: Shopper) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", ""):
        headers = {**OURS, "content-type": kind}
        answered = visitor.post("/signals", content=b"{}", headers=headers)
        assert code(answered)[:2] == (415, "NOT_JSON")


def one_letter_off(value: str) -> str:
    return value[:-1] + ("1" if value.endswith("0") else "0")


@pytest.mark.parametrize("spoil", [lambda _: "", one_letter_off, lambda _: "x"])
def test_nobody_tells_without_a_valid_cookie(
    visitor: Shopper, house_server: Server, spoil: Any
) -> None:
    cookie = spoil(visitor.cookies["shopper_demo"])
    with http.Client(base_url=house_server.url) as stranger:
        answered = tell(stranger, VIEW, cookie=f"shopper_demo={cookie}")
    assert code(answered)[:2] == (401, "UNKNOWN_SHOPPER")
    assert "set-cookie" not in answered.headers
    assert not has_told(house_server, visitor)


@pytest.mark.parametrize("headers", [{"dnt": "1"}, {"sec-gpc": "1"}])
def test_who_does_not_want_to_be_followed_is_not(
    visitor: Shopper, house_server: Server, headers: dict[str, str]
) -> None:
    assert tell(visitor, VIEW, **headers).status_code == 204
    assert not has_told(house_server, visitor)


def test_a_shopper_who_tells_too_much_is_asked_to_wait(
    shopper: Shopper, composed_by_model: Server
) -> None:
    answers = [tell(shopper, VIEW) for _ in range(45)]
    refused = [item for item in answers if item.status_code != 204]
    assert refused
    assert {code(item)[:2] for item in refused} == {(429, "RATE_LIMITED")}
    assert all(1 <= int(item.headers["retry-after"]) <= 2 for item in refused)
    with Shopper(composed_by_model) as other:
        other.store()
        assert tell(other, VIEW).status_code == 204


def test_an_address_that_tells_too_much_is_asked_to_wait(composed_by_model: Server) -> None:
    with http.Client(base_url=composed_by_model.url) as stranger:
        codes = {code(tell(stranger, VIEW))[0] for _ in range(400)}
    assert codes == {401, 429}


def test_another_shop_and_another_method_are_not_there(visitor: Shopper) -> None:
    path = "/s/elsewhere/signals"
    answered = visitor.post(path, json={"events": [VIEW]}, headers=OURS)
    assert code(answered)[:2] == (404, "UNKNOWN_SHOP")
    looked = visitor.get("/signals")
    assert (looked.status_code, looked.headers["allow"]) == (405, "POST")
    path = "/s/demo/signals"
    assert visitor.post(path, json={"events": [VIEW]}, headers=OURS).status_code == 204


def test_a_database_that_cannot_be_written_is_told_as_such(serve: StartServer) -> None:
    server = serve()
    with Shopper(server) as visitor:
        visitor.store()
        rows(server, "DROP TABLE signals")
        assert code(tell(visitor, VIEW))[:2] == (503, "NOT_STORED")
        assert visitor.store().status_code == 200


def test_the_log_holds_nothing_of_what_was_told(
    shopper: Shopper, composed_by_model: Server
) -> None:
    tell(shopper, ORDER, ORDER, {"kind": "filter", "category": "Lamps"})
    eventually(lambda: len(pairs(composed_by_model, "ui:")) == 2)
    (shopper_id,) = rows(composed_by_model, "SELECT id FROM shoppers")[0]
    log = composed_by_model.log
    for private in (shopper_id, shopper.cookies["shopper_demo"], "purchase", "Lamps", "dusk-lamp"):
        assert private not in log


def test_what_was_taken_and_refused_is_counted_in_the_log(
    shopper: Shopper, composed_by_model: Server
) -> None:
    tell(shopper, VIEW)
    tell(shopper, {"kind": "theft"})
    tell(shopper, {"kind": "view", "product": "gone"})
    composed_by_model.stop()
    (counted,) = composed_by_model.logged("counts")
    assert counted["signals"] == {
        "taken": 1,
        "page_left": 1,
        "invalid_signals": 1,
        "unknown_product": 1,
    }
    assert counted["learning"] == {"noted_view": 1, "unknown_product": 1}
