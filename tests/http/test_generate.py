"""POST /generate: the Worker's way to a page, as one answer or as its events."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tests.support.fake_llm import Fault, Scenario, Usage
from tests.support.fake_model import (
    SLOTS,
    Model,
    answer,
    component,
    ends_of_components,
)
from tests.support.shopper_client import SentEvent, Shopper, events, fillers, stream_of
from tests.support.stored import break_kv, forget_layouts
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]
SHOPPER = "shop_" + "a1" * 16
EVENTS = {"Accept": "text/event-stream"}


def request(shopper_id: str = SHOPPER, **changes: Any) -> dict[str, Any]:
    """Return a request for a newcomer's page of the demo shop; `changes` replace parts of it."""
    return {
        "shopper_id": shopper_id,
        "persona": {"type": "newcomer", "confidence": 0, "signals": {}},
        "shop": {"shop_id": "demo"},
        **changes,
    }


def collector(value: float) -> dict[str, Any]:
    """Return a persona unlike that of any other order value's band."""
    return {
        "type": "collector",
        "confidence": 0.8,
        "signals": {
            "avg_order_value": value,
            "category_preferences": ["Lamps"],
            "price_sensitivity": "low",
            "browsing_patterns": [],
        },
    }


def generate(server: Server, shopper_id: str = SHOPPER, **changes: Any) -> httpx.Response:
    return http.post(f"{server.url}/generate", json=request(shopper_id, **changes), timeout=60)


def streamed(server: Server, after: int | None = None, **changes: Any) -> list[SentEvent]:
    headers = EVENTS if after is None else {**EVENTS, "Last-Event-ID": str(after)}
    body = request(**changes)
    with http.stream(
        "POST", f"{server.url}/generate", json=body, headers=headers, timeout=60
    ) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(events(response.iter_lines()))


# ------------------------------------------------------------------ one answer


def test_an_answer_is_what_the_contract_says(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer(), usage=Usage(1000, 300)))
    response = generate(composed_by_model)
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    sent = response.json()
    assert sent.keys() == {"status", "ui", "meta"}
    assert sent["status"] == "success"
    assert sent["ui"].keys() == {"html", "components", "persona_hash"}
    assert fillers(sent["ui"]["html"]) == {slot: slot for slot in SLOTS}
    assert sent["ui"]["components"] == json.loads(answer())["components"]
    assert sent["ui"]["persona_hash"].startswith("v2_newcomer_0_")
    meta = sent["meta"]
    assert meta["model"] == "kimi-k2.6"
    assert meta["tokens_used"] == {"prompt": 1000, "completion": 300, "total": 1300}
    assert meta["generation_time_ms"] >= 0
    assert meta["generated_at"].endswith("+00:00")


def test_a_finished_page_is_answered_again_at_no_cost(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    first, again = generate(composed_by_model).json(), generate(composed_by_model).json()
    assert again["ui"] == first["ui"]
    assert again["meta"]["generated_at"] == first["meta"]["generated_at"]
    assert again["meta"]["tokens_used"]["total"] == 0
    assert len(model.requests) == 1


def test_a_second_call_joins_the_page_that_is_being_composed(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    sent: list[dict[str, Any]] = []
    calls = [
        threading.Thread(target=lambda: sent.append(generate(composed_by_model).json()))
        for _ in range(4)
    ]
    for call in calls:
        call.start()
    model.reached(1)
    model.release()
    for call in calls:
        call.join(30)
    assert len(model.requests) == 1
    assert len(sent) == 4
    assert all(one["ui"] == sent[0]["ui"] for one in sent)


def test_force_composes_anew_past_the_kept_page_and_the_plan(
    composed_by_model: Server, model: Model
) -> None:
    new = answer(*(component(kind) for kind in SLOTS[:-1]), component("cta", headline="Anew"))
    model.play(Scenario(answer()), Scenario(new))
    generate(composed_by_model)
    forced = generate(composed_by_model, options={"force": True}).json()
    assert "Anew" in forced["ui"]["html"]
    assert len(model.requests) == 2
    assert generate(composed_by_model).json()["ui"] == forced["ui"]
    other = generate(composed_by_model, shopper_id="shop_" + "b2" * 16).json()
    assert "Anew" in other["ui"]["html"], "the plan is the new one as well"
    assert len(model.requests) == 2


def test_only_the_components_asked_for_are_composed_and_the_others_stay(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()), Scenario(answer(component("cta", headline="By itself"))))
    before = generate(composed_by_model).json()["ui"]["components"]
    options = {"force": True, "components": ["cta"]}
    sent = generate(composed_by_model, options=options).json()
    assert sent["status"] == "success"
    assert sent["ui"]["components"][:4] == before[:4]
    assert sent["ui"]["components"][4]["config"]["headline"] == "By itself"
    asked = model.requests[1].body["messages"][1]["content"]
    assert "these slots: cta." in asked


def test_components_of_a_page_that_is_not_there_yet_leave_the_rest_to_the_fallback(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    sent = generate(composed_by_model, options={"components": ["hero", "grid"]}).json()
    assert sent["status"] == "success"
    filled = fillers(sent["ui"]["html"])
    assert {slot for slot, by in filled.items() if by == "fallback"} == set(SLOTS[1:2] + SLOTS[3:])


def test_a_slot_that_got_nothing_makes_the_answer_partial(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(component("hero"), component("grid"), component("cta"))))
    sent = generate(composed_by_model).json()
    assert sent["status"] == "partial"
    assert sent["error"]["code"] == "COMPONENT_TIMEOUT"
    assert "filters, recommendations" in sent["error"]["message"]
    assert sent["error"]["retryable"] is True


def test_a_shoppers_visit_finds_what_was_generated_for_them(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    with Shopper(composed_by_model) as shopper:
        shopper.follow(stream_of(shopper.store().text))
        page = shopper.store().text
        shopper_id = shopper.cookies["shopper_demo"].partition(".")[0]
    assert generate(composed_by_model, shopper_id=shopper_id).json()["ui"]["html"] == page


# ------------------------------------------------------------------ events


def test_events_come_as_they_happen(composed_by_model: Server, model: Model) -> None:
    text = answer()
    model.play(Scenario(text, hold_after=ends_of_components(text)))
    url = f"{composed_by_model.url}/generate"
    with http.stream("POST", url, json=request(), headers=EVENTS, timeout=60) as response:
        seen = events(response.iter_lines())
        for at, slot in enumerate(SLOTS):
            model.reached(at + 1)
            drawn = next(event for event in seen if event.name == "component")
            assert drawn.payload["slot"] == slot
            model.release()
        assert list(seen)[-1].name == "ready"


def test_events_of_a_page_that_has_ended_resume_after_any_of_them(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    seen = streamed(composed_by_model)
    assert seen[-1].name == "ready"
    for at, event in enumerate(seen):
        assert streamed(composed_by_model, after=event.id) == seen[at + 1 :]
    assert len(model.requests) == 1


def test_who_saw_something_else_gets_the_whole_page(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    seen = streamed(composed_by_model)
    whole = streamed(composed_by_model, after=seen[3].id + 1)
    assert [e.payload["slot"] for e in whole if e.name == "component"] == list(SLOTS)
    assert whole[0].id > seen[3].id + 1
    assert len(model.requests) == 1


def test_who_saw_a_page_fail_gets_no_other(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    late = {"WANDSTORE_PAGE_SECONDS": "1", "WANDSTORE_SLOT_SECONDS": "1"}
    server = serve(**late, **model.environment)
    seen = streamed(server)
    assert [event.name for event in seen] == ["error"]
    assert streamed(server, after=seen[0].id) == []
    assert len(model.requests) == 1


def test_a_forced_stream_that_resumes_does_not_compose_again(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    seen = streamed(composed_by_model, options={"force": True})
    assert streamed(composed_by_model, after=seen[2].id, options={"force": True}) == seen[3:]
    assert len(model.requests) == 1


def test_one_answer_and_events_of_one_page_are_the_same_page(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    seen = streamed(composed_by_model)
    drawn = {e.payload["slot"]: e.payload["html"] for e in seen if e.name == "component"}
    html = generate(composed_by_model).json()["ui"]["html"]
    assert all(inner in html for inner in drawn.values())
    assert drawn.keys() == set(SLOTS)


# ------------------------------------------------------------------ a shop that comes along


SENT_PRODUCTS: list[dict[str, Any]] = [
    {
        "id": f"rope-{at}",
        "title": f"Rope {at}",
        "price": 10.5 + at,
        "currency": "EUR",
        "image_url": "https://pictures.example/rope.jpg",
        "category": "Ropes" if at % 2 else "Knots",
        "tags": ["handmade"],
    }
    for at in range(20)
]
SENT_SHOP: dict[str, Any] = {
    "shop_id": "harbour",
    "products": SENT_PRODUCTS,
    "brand_guidelines": {"primary_color": "#123456", "tone": "salty"},
}


def sent_answer() -> str:
    ids = [f"rope-{at}" for at in range(20)]
    return answer(
        component("hero", product_id=ids[3]),
        component("filters", categories=["Ropes"]),
        component("grid", product_ids=ids[:8]),
        component("recommendations", product_ids=ids[8:14]),
        component("cta", category="Knots"),
    )


def test_a_shop_that_is_not_ours_is_sold_from_what_was_sent(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(sent_answer()))
    sent = generate(composed_by_model, shop=SENT_SHOP).json()
    assert sent["status"] == "success"
    html = sent["ui"]["html"]
    assert "Rope 3" in html
    assert "€13.50" in html
    assert "/s/harbour/products/rope-3" in html
    assert "https://pictures.example/rope.jpg" in html
    assert "--brand-primary: #123456" in sent["ui"]["css"]
    brief = model.requests[0].body["messages"][1]["content"]
    assert '"salty"' in brief


def test_what_is_sent_as_sold_out_does_not_lead_and_is_drawn_so(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(sent_answer()), Scenario(answer(component("hero", product_id="rope-4"))))
    products = [
        {**item, "available": item["id"] not in ("rope-0", "rope-3")} for item in SENT_PRODUCTS
    ]
    sent = generate(composed_by_model, shop={**SENT_SHOP, "products": products}).json()
    hero, grid = (
        next(item["config"] for item in sent["ui"]["components"] if item["type"] == kind)
        for kind in ("hero", "grid")
    )
    assert hero["product_id"] == "rope-4"
    assert grid["product_ids"][-2:] == ["rope-0", "rope-3"]
    assert sent["ui"]["html"].count("Sold out") == 2


def test_our_own_shop_keeps_its_own_facts_whatever_is_sent(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer()))
    false = {**SENT_SHOP, "shop_id": "demo"}
    html = generate(composed_by_model, shop=false).json()["ui"]["html"]
    assert "Rope" not in html


@pytest.mark.parametrize("image", ["javascript:alert(1)", "http://plain.example/a.png", "data:,x"])
def test_a_product_that_cannot_be_sold_costs_only_itself(
    composed_by_model: Server, model: Model, image: str
) -> None:
    model.play(Scenario(sent_answer()))
    products = [
        *SENT_SHOP["products"],
        {**SENT_SHOP["products"][0], "id": "bad", "image_url": image},
    ]
    sent = generate(composed_by_model, shop={**SENT_SHOP, "products": products}).json()
    assert sent["status"] == "success"
    assert image not in sent["ui"]["html"]
    assert "product 21" in composed_by_model.log


# ------------------------------------------------------------------ what cannot be taken


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in request().items() if key != name}


REFUSED: list[tuple[Any, str, str]] = [
    (without("persona"), "INVALID_PERSONA", "persona"),
    (request(persona={"type": "pirate", "confidence": 0.5}), "INVALID_PERSONA", "persona.type"),
    (request(persona={"type": "explorer"}), "INVALID_PERSONA", "persona.confidence"),
    (request(persona={**collector(1), "confidence": 1.5}), "INVALID_PERSONA", "persona.confidence"),
    (request(persona={**collector(1), "confidence": "high"}), "INVALID_PERSONA", "persona.confidence"),
    (request(persona={**collector(-1)}), "INVALID_PERSONA", "persona.signals.avg_order_value"),
    (request(persona={**collector(1), "mood": 1}), "INVALID_PERSONA", "persona.mood"),
    (without("shopper_id"), "INVALID_REQUEST", "shopper_id"),
    (request("me"), "INVALID_REQUEST", "shopper_id"),
    (request(SHOPPER + "\n"), "INVALID_REQUEST", "shopper_id"),
    (without("shop"), "INVALID_REQUEST", "shop"),
    (request(shop={"shop_id": "../etc"}), "INVALID_REQUEST", "shop.shop_id"),
    (request(shop={"shop_id": "nowhere"}), "INVALID_REQUEST", "shop.products"),
    (request(shop={**SENT_SHOP, "products": [{"id": "a"}]}), "INVALID_REQUEST", "shop.products.0.title"),
    (request(options={"components": ["carousel"]}), "INVALID_REQUEST", "options.components"),
    (request(options={"components": []}), "INVALID_REQUEST", "options.components"),
    (request(options={"force": "yes"}), "INVALID_REQUEST", "options.force"),
    (request(surprise=1), "INVALID_REQUEST", "surprise"),
    ([], "INVALID_REQUEST", "the body"),
    ("text", "INVALID_REQUEST", "the body"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "field"), REFUSED, ids=[row[2] + str(at) for at, row in enumerate(REFUSED)])  # fmt: skip
def test_a_bad_request_is_refused_in_words_that_name_the_field(
    house_server: Server, body: Any, code: str, field: str
) -> None:
    response = http.post(f"{house_server.url}/generate", json=body)
    assert response.status_code == 400
    sent = response.json()
    assert sent["status"] == "error"
    assert (sent["error"]["code"], sent["error"]["retryable"]) == (code, False)
    assert sent["error"]["message"].startswith(field)


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}'])
def test_what_is_no_json_is_refused(house_server: Server, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    response = http.post(f"{house_server.url}/generate", content=body, headers=headers)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_REQUEST"


def test_another_content_type_is_refused(house_server: Server) -> None:
    response = http.post(f"{house_server.url}/generate", content=json.dumps(request()))
    assert response.status_code == 415


def test_a_body_beyond_the_bound_is_refused(serve: StartServer) -> None:
    server = serve(WANDSTORE_REQUEST_BYTES="1000")
    response = generate(server, shop=SENT_SHOP)
    assert response.status_code == 413
    assert "1000 bytes" in response.json()["error"]["message"]


def unfinished(server: Server, declared: int) -> socket.socket:
    """Send all of a request but its body."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
    head = "POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {declared}\r\n\r\n".encode())
    return connection


def test_a_body_that_declares_too_much_is_refused_before_it_is_sent(serve: StartServer) -> None:
    server = serve(WANDSTORE_REQUEST_BYTES="1000")
    with unfinished(server, declared=1001) as connection:
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_bodies_that_do_not_end_are_bounded_in_number(serve: StartServer) -> None:
    server = serve(WANDSTORE_REQUEST_BYTES="1000")
    with ExitStack() as open_ones:
        for _ in range(4):
            open_ones.enter_context(unfinished(server, declared=1000))
        eventually(lambda: generate(server).status_code == 429)
        refused = generate(server)
        assert refused.json()["error"]["code"] == "RATE_LIMITED"
        assert int(refused.headers["retry-after"]) > 0
        assert http.get(f"{server.url}/store").status_code == 200
    eventually(lambda: generate(server).status_code == 200)


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via", "Forwarded", "CF-Connecting-IP", "Host"],
)  # fmt: skip
def test_without_a_secret_nobody_calls_through_a_proxy_or_by_a_name_of_their_own(
    house_server: Server, header: str
) -> None:
    given = {header: "rebound.example" if header == "Host" else "127.0.0.1"}
    sent = http.post(f"{house_server.url}/generate", json=request(), headers=given)
    assert sent.status_code == 403
    assert sent.json()["error"]["code"] == "FORBIDDEN"
    assert sent.json()["error"]["retryable"] is False


def test_shops_that_are_not_ours_share_one_budget(serve: StartServer, model: Model) -> None:
    model.play(Scenario(sent_answer()))
    server = serve(WANDSTORE_CALLS_PER_HOUR="3", **model.environment)
    for number in range(6):
        generate(server, f"shop_{number:032x}", shop={**SENT_SHOP, "shop_id": f"made-up-{number}"})
    assert len(model.requests) == 3
    generate(server)
    assert len(model.requests) > 3, "ours has a budget of its own"


def test_only_a_post_is_answered(house_server: Server) -> None:
    assert http.get(f"{house_server.url}/generate").status_code == 405


# ------------------------------------------------------------------ what can go wrong


def test_more_pages_than_there_are_places_for_are_told_to_come_back(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    server = serve(WANDSTORE_PAGES_AT_ONCE="1", WANDSTORE_PAGES_WAITING="0", **model.environment)
    http.get(f"{server.url}/store")
    for headers in ({}, EVENTS):
        late = http.post(f"{server.url}/generate", json=request(), headers=headers)
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) > 0
        assert late.json()["error"] == {
            "code": "RATE_LIMITED",
            "message": "too many pages just now",
            "retryable": True,
        }
    model.release()


def test_a_page_that_kv_does_not_take_is_answered_all_the_same(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    sent: list[httpx.Response] = []
    call = threading.Thread(target=lambda: sent.append(generate(composed_by_model)))
    call.start()
    model.reached(1)
    break_kv(composed_by_model)
    model.release()
    call.join(30)
    assert (sent[0].status_code, sent[0].json()["status"]) == (200, "success")


def test_nothing_in_time_is_a_timeout(serve: StartServer, model: Model) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    late = {"WANDSTORE_PAGE_SECONDS": "0.5", "WANDSTORE_SLOT_SECONDS": "0.5"}
    server = serve(**late, **model.environment)
    response = generate(server)
    assert response.status_code == 504
    assert response.json()["error"]["code"] == "TIMEOUT"


def test_the_house_answers_where_no_model_does(composed_by_model: Server, model: Model) -> None:
    model.play(Scenario(answer(), fault=Fault("status", status=401)))
    for _ in ("composed", "kept"):
        sent = generate(composed_by_model).json()
        assert (sent["status"], sent["meta"]["model"]) == ("partial", "house")
        assert sent["error"]["code"] == "MODEL_UNAVAILABLE"
        assert sent["error"]["retryable"]
        assert {*fillers(sent["ui"]["html"])} == {*SLOTS, "feature"}


def test_the_worker_says_which_shoppers_are_new_and_where_they_come_from(
    serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer()))
    word = "a credential of the worker"
    server = serve(
        WANDSTORE_NEW_CALLS_PER_HOUR="1",
        WANDSTORE_PAGE_MEMORY_SECONDS="0",
        WORKER_SECRET=word,
        **model.environment,
    )
    says = {"Authorization": f"Bearer {word}"}

    def writer(number: int, address: str | None) -> str:
        new = {"CF-Connecting-IP": address, "X-Wandstore-New-Shopper": "1"} if address else {}
        body = request(f"shop_{number:032x}")
        forget_layouts(server)
        sent = http.post(f"{server.url}/generate", json=body, headers={**says, **new}, timeout=60)
        model_name: str = sent.json()["meta"]["model"]
        return model_name

    asked = ["192.0.2.1", "192.0.2.1", "192.0.2.2", None, None]
    told = [writer(at, address) for at, address in enumerate(asked)]
    kimi = "kimi-k2.6"
    assert told == [kimi, "house", kimi, kimi, kimi]
