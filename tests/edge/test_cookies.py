"""Every cookie of a shop at its largest, sent through the Worker to the container, and back."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.catalog.load import load_catalogs
from app.domain.basket import MAX_LINES, MAX_QUANTITY, Basket, BasketLine
from app.domain.catalog import Shop
from app.settings import ROOT
from app.web.basket_cookie import MAX_VALUE_LENGTH, BasketSigner
from app.web.cookies import LIFETIME, SessionSigner
from tests.support.waiting import eventually
from tools.support import http
from tools.support.edge import SECRETS, TOKEN, Edge, Worker, behind_worker, publish
from tools.support.server import HeldPort, Server

DEMO = ROOT / "demo" / "catalog.json"
SECRET = SECRETS["SESSION_SECRET"].encode()
BASKETS = BasketSigner(SECRET)
SHOPPER = f"shop_{'c0' * 16}"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
def edge(serve: Callable[..., Server], tmp_path: Path) -> Iterator[Edge]:
    """A shop that keeps of its shoppers what is essential, until its banner has their consent."""
    catalog = tmp_path / "catalog.json"
    demo: dict[str, Any] = json.loads(DEMO.read_text())
    demo["shop"] |= {"consent": "essential", "consent_cookie": "choice=stats:1"}
    catalog.write_text(json.dumps(demo))
    where = {"WANDSTORE_CATALOG": str(catalog)}
    public = publish(tmp_path / "public", **where)
    with HeldPort() as port, Worker(tmp_path / "state", public, port.url) as worker:
        at = port.number
        yield Edge(worker, serve("container", at, **where, **behind_worker(worker)))


def largest_basket(shop: Shop) -> Basket:
    """Return as many lines as there may be, with where each was shown as long as it may be."""
    forms = ((item.id, form) for item in shop.products.values() for form in item.forms())
    sold = [found for found in forms if shop.sells(found[1])][:MAX_LINES]
    for size in range(99, 0, -1):
        basket = tuple(
            BasketLine(product, variant.id, MAX_QUANTITY, variant.price, "hero", "p" * size)
            for product, variant in sold
        )
        if len(BASKETS.value(basket, shop.id)) <= MAX_VALUE_LENGTH:
            return basket
    raise AssertionError


def facts(worker: Worker) -> list[tuple[str, str]]:
    """Return what is known of what the shopper did: each kind, and where it came from."""
    sql = "SELECT kind, fact FROM signals WHERE shopper_id = ? ORDER BY id"
    answer = http.post(
        f"{worker.url}/_bindings/d1/",
        json={"statements": [{"sql": sql, "params": [SHOPPER]}]},
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    (rows,) = answer.json()["results"]
    return [(row["kind"], row["fact"]) for row in rows]


def test_the_largest_basket_of_who_is_known_and_has_agreed_goes_to_the_container_and_back(
    edge: Edge,
) -> None:
    basket = largest_basket(load_catalogs(DEMO).default)
    assert len(basket) == MAX_LINES
    assert MAX_VALUE_LENGTH - 100 < len(BASKETS.value(basket, "demo")) <= MAX_VALUE_LENGTH
    until = int(time.time()) + LIFETIME
    session = SessionSigner(SECRET).cookie(SHOPPER, "demo", until, secure=False).decode()
    choice = f"choice={'x' * 3_000},stats:1"

    def ask(
        method: str, path: str, lines: Basket, *, agreed: bool = True, **how: Any
    ) -> httpx.Response:
        cookies = [session.split(";")[0], f"basket_demo={BASKETS.value(lines, 'demo')}"]
        headers = {**OURS, "cookie": "; ".join([*cookies, *([choice] if agreed else [])])}
        return http.request(method, f"{edge.url}{path}", headers=headers, **how)

    shown = ask("GET", "/basket", basket)
    assert re.findall(r'name="variant" value="([^"]+)"', shown.text) == [
        line.variant for line in basket
    ]
    (way,) = re.findall(r'href="(/checkout\?seen=[0-9a-f]+)"', shown.text)
    assert ask("GET", way, basket).status_code == httpx.codes.OK
    first, *others = basket
    form = {"product": first.product, "variant": first.variant, "quantity": "1"}
    for agreed in (False, True):
        changed = ask("POST", "/basket", basket, agreed=agreed, data={"do": "change", **form})
        fewer = returned(changed)
        assert fewer == (first._replace(quantity=1), *others)
        added = ask("POST", "/basket", fewer, agreed=agreed, data={"do": "add", **form})
        assert returned(added) == (first._replace(quantity=2), *others)
        bought = {"kind": "purchase", "items": [{"product": first.product, "quantity": 1}]}
        told = ask("POST", "/signals", basket, agreed=agreed, json={"events": [bought]})
        assert told.status_code == httpx.codes.NO_CONTENT
    eventually(lambda: len(facts(edge.worker)) == 2)
    known = facts(edge.worker)
    assert {kind for kind, _ in known} == {"add_to_basket", "purchase"}, "since they agreed"
    assert all(f"{first.page}/hero" in fact for _, fact in known), "where it was shown"


def returned(answer: httpx.Response) -> Basket:
    """Return the basket that an answer sets."""
    assert answer.status_code == httpx.codes.SEE_OTHER
    (cookie,) = answer.headers.get_list("set-cookie")
    return BASKETS.read([(b"cookie", cookie.split(";")[0].encode())], "demo")
