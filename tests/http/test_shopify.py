"""A shop that sells what a Shopify store has: by bulk queries, and by webhooks in between."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from starlette.responses import Response

from app.catalog import shopify_store
from tests.support.fake_shopify import SECRET, TOKEN, FakeShopify, followed, open_store, variant
from tests.support.shopper_client import Shopper
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShopify]:
    with open_store(monkeypatch) as made:
        yield made


@pytest.fixture
def shop(serve: StartServer, store: FakeShopify) -> Server:
    return serve(**followed(store))


def page(shop: Server, path: str) -> str:
    return http.get(f"{shop.url}/products/{path}").text


def sold(shop: Server) -> set[str]:
    """Return what the shop says of the products that a test is about."""
    names = ("jug", "oak-board", "mug")
    return {name for name in names if http.get(f"{shop.url}/products/{name}").status_code == 200}


def health(shop: Server) -> str:
    checks: dict[str, str] = http.get(f"{shop.url}/health").json()["checks"]
    return checks["catalog"]


def has_read_all(shop: Server) -> bool:
    """Say whether the shop has read the whole store since it opened, and found it the same."""
    return "store_unchanged" in http.get(f"{shop.url}/metrics").text


def is_failing(shop: Server, reason: str) -> bool:
    return health(shop).startswith(f"failed: {reason}")


def is_asked(store: FakeShopify, times: int) -> bool:
    return store.questions["all"] >= times


def test_a_store_is_sold_from_as_it_names_itself_and_bought_at(shop: Server) -> None:
    jug, board = page(shop, "jug"), page(shop, "oak-board")
    assert "Corner of Shopify" in jug
    assert "€12.00" in jug
    assert "A Jug." in jug
    assert "Large" in board
    for hidden in ("draft", "hidden"):
        assert http.get(f"{shop.url}/products/{hidden}").status_code == 404
    with Shopper(shop) as shopper:
        form = {"do": "add", "product": "oak-board", "variant": "21", "quantity": "2"}
        shopper.post("/basket", data=form, headers={"sec-fetch-site": "same-origin"})
        basket = shopper.get("/basket").text
        begin = basket.partition('href="/checkout?seen=')[2].partition('"')[0]
        way_out = partial(shopper.get, f"/checkout?seen={begin}", follow_redirects=False)
        eventually(lambda: "/buy" in way_out().headers["location"])
        assert way_out().headers["location"] == "https://corner.example/buy/21:2"


def test_webhooks_are_on_the_page_in_time_without_another_bulk_query(
    shop: Server, store: FakeShopify
) -> None:
    eventually(partial(has_read_all, shop))
    assert store.webhook(shop.url, "products/update", store.reprice(1, "15.50")).status_code == 200
    eventually(lambda: "€15.50" in page(shop, "jug"))
    store.webhook(shop.url, "inventory_levels/update", store.restock(1, 0))
    eventually(lambda: "Sold out" in page(shop, "jug"))
    many = [variant(500 + at, "9.00", 1, f"No. {at}") for at in range(120)]
    store.put(5, "Mug", *many)
    store.webhook(shop.url, "products/create", {"id": 5})
    eventually(lambda: "No. 119" in page(shop, "mug"))
    del store.products[2]
    store.webhook(shop.url, "products/delete", {"id": 2})
    eventually(lambda: sold(shop) == {"jug", "mug"})
    assert store.questions["begin"] == 2
    assert store.questions["token"] == 2, "one for the first reading, and one for all that follows"


def test_what_comes_twice_late_in_another_order_or_not_at_all_ends_right(
    shop: Server, store: FakeShopify
) -> None:
    eventually(partial(has_read_all, shop))
    store.put(5, "Mug", variant(51, "9.00", 1))
    created = {"id": 5, "updated_at": store.products[5]["updatedAt"]}
    early, late = store.reprice(1, "13.00"), store.reprice(1, "14.00")
    del store.products[2]
    say = store.webhook
    assert say(shop.url, "products/update", late, name="late").status_code == 200
    assert say(shop.url, "products/update", early).status_code == 200
    for _ in range(3):
        assert say(shop.url, "products/update", late, name="late").status_code == 200
    say(shop.url, "products/delete", {"id": 2})
    say(shop.url, "products/update", {"id": 2, "updated_at": early["updated_at"]})
    say(shop.url, "products/create", created)
    store.put(6, "Pot", variant(61, "30.00", 1))
    say(shop.url, "products/create", {"id": 6})  # the last in the line
    eventually(lambda: "€30.00" in page(shop, "pot"))
    assert "€14.00" in page(shop, "jug")
    assert sold(shop) == {"jug", "mug"}
    asked = store.questions["product"]
    say(shop.url, "products/update", late, name="late")
    assert say(shop.url, "products/update", {"id": 1}, secret=TOKEN).status_code == 401
    assert say(shop.url, "orders/create", {"id": 1}).status_code == 200
    assert say(shop.url, "products/update", {"id": "1/../2"}).status_code == 200
    store.reprice(5, "8.00")  # of which nobody says anything
    say(shop.url, "products/update", store.reprice(1, "16.00"))
    eventually(lambda: "€16.00" in page(shop, "jug"))
    assert store.questions["product"] == asked + 1, "but for the last, none was worth a question"
    assert "€9.00" in page(shop, "mug")
    shop.stop()
    shop.start()
    eventually(lambda: "€8.00" in page(shop, "mug"))
    assert TOKEN not in shop.log
    assert SECRET not in shop.log


def test_a_store_that_fails_leaves_the_last_catalog_and_is_told_once_and_in_health(
    serve: StartServer, store: FakeShopify
) -> None:
    shop = serve(**followed(store, WANDSTORE_SHOPIFY_SECONDS="0.05"))
    store.put(5, "Mug", variant(51, "9.00", 1))
    eventually(lambda: "mug" in sold(shop))

    def cut(lines: str) -> Response:
        return Response(lines[:-30])

    def empty(lines: str) -> Response:
        return Response('{"id": 1}\n' * lines.count("\n"))

    faults: dict[str, dict[str, Any]] = {
        "HTTP 503": {"status": 503},
        "the bulk query ended as FAILED: TIMEOUT": {
            "fault": {"status": "FAILED", "errorCode": "TIMEOUT"}
        },
        "the bulk query's answer: HTTP 403": {"file": lambda _: Response("", 403)},
        "the bulk query's answer is not whole: 10 lines can be read of 11": {"file": cut},
        "holds no product that can be sold": {"file": empty},
        "UnsupportedProtocol": {"fault": {"url": "ftp://elsewhere.example/1"}},
        "answers in another form": {"fault": {"objectCount": None}},
        "refused: THROTTLED": {"fault": {"errors": [{"extensions": {"code": "THROTTLED"}}]}},
    }
    store.status = 503
    store.products[1]["title"] = "A Jug that must not be seen yet"
    for reason, fault in faults.items():
        vars(store).update({"status": 200, "fault": {}, "file": lambda _: None, **fault})
        eventually(partial(is_failing, shop, reason))
        eventually(partial(is_asked, store, store.questions["all"] + 3))
        assert "not be seen yet" not in page(shop, "jug")
        assert shop.log.count(reason) == 1
    store.fault, store.file = {}, lambda _: None
    eventually(lambda: health(shop) == "ok" and "not be seen yet" in page(shop, "jug"))


def test_a_change_while_all_is_read_is_not_taken_back(
    serve: StartServer, store: FakeShopify
) -> None:
    shop = serve(**followed(store))
    eventually(partial(has_read_all, shop))
    shop.stop()
    store.polls_until_done = 1_000_000
    shop.start()
    eventually(lambda: store.questions["begin"] == 3)
    store.webhook(shop.url, "products/update", store.reprice(1, "15.50"))
    store.webhook(shop.url, "inventory_levels/update", store.restock(2, 0))
    eventually(lambda: "€15.50" in page(shop, "jug") and "Sold out" in page(shop, "oak-board"))
    assert store.questions["results"] == 2, "all is still being read"
    store.polls_until_done = 0
    eventually(partial(has_read_all, shop))
    assert "€15.50" in page(shop, "jug")
    assert "Sold out" in page(shop, "oak-board")


def test_a_product_that_is_answered_late_or_not_yet_is_asked_for_again(
    shop: Server, store: FakeShopify
) -> None:
    eventually(partial(has_read_all, shop))
    old = copy.deepcopy(store.products[1])
    nodes = {"nodes": old["variants"], "pageInfo": {"hasNextPage": False, "endCursor": None}}
    answers: list[dict[str, Any]] = [
        {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}]},
        {"product": {**old, "variants": nodes}},
    ]
    store.single = lambda _: answers.pop(0) if answers else None
    store.webhook(shop.url, "products/update", store.reprice(1, "15.50"))
    eventually(lambda: "€15.50" in page(shop, "jug"))
    assert answers == []
    assert shop.log.count("refused: THROTTLED") == 1
    assert health(shop) == "ok"


def test_more_changes_than_can_be_asked_for_one_by_one_are_read_with_all_the_rest(
    shop: Server, store: FakeShopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    eventually(partial(has_read_all, shop))
    monkeypatch.setattr(shopify_store, "_MOST_WAITING", 0)
    store.webhook(shop.url, "products/update", store.reprice(1, "15.50"))
    eventually(lambda: "€15.50" in page(shop, "jug"))
    assert store.questions["product"] == 0
    assert store.questions["begin"] == 3
