"""A page by what its shopper did, once enough is known of them, which nobody else gets to see."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from app.domain.persona import NEWCOMER
from app.personas.key import persona_hash
from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import Model, answer
from tests.support.shopper_client import Shopper, slots, stream_of
from tests.support.stored import pairs, rows
from tools.support.server import Server

ORDER = {"kind": "purchase", "items": [{"product": "dusk-lamp", "quantity": 1}]}
VIEW = {"kind": "view", "product": "paper-moon"}
LIKE_ALL, LIKE_NOBODY = (True, False), (False, True)
TWO_SHOPPERS = """
INSERT INTO shoppers VALUES ('a', 'demo', NULL, '', '', NULL), ('b', 'demo', NULL, '', '', NULL)
"""
BOUGHT_BY_EACH = """
INSERT INTO signals (shopper_id, at, kind, fact)
SELECT id, '', 'purchase', '{"kind": "purchase", "products": ["tide-vase"]}' FROM shoppers
"""
NEWCOMERS_PAGE = f"plan:demo:{persona_hash(NEWCOMER)}"


@pytest.fixture
def personal(serve: StartServer, model: Model) -> Server:
    model.play(Scenario(answer()))
    return serve(**model.environment)


def buy_twice(shopper: httpx.Client) -> None:
    """Become a loyalist."""
    told = shopper.post(
        "/signals", json={"events": [VIEW, ORDER, ORDER]}, headers={"sec-fetch-site": "same-origin"}
    )
    assert told.status_code == httpx.codes.NO_CONTENT


def visit(shopper: Shopper) -> str:
    """Return the finished store page."""
    if stream := stream_of(shopper.store().text):
        shopper.follow(stream)
    return shopper.store().text


def offered(model: Model) -> list[tuple[bool, bool]]:
    """Say of each request whether it offers what was bought, and says what was viewed."""
    asked = (json.dumps(request.body) for request in model.requests)
    viewed = re.compile(r"paper-moon \| [^|]+\| [^|]+\| [^|]+\| viewed")
    return [("dusk-lamp |" in text, viewed.search(text) is not None) for text in asked]


def test_the_model_reads_why_and_the_page_is_its_shoppers_alone(
    personal: Server, model: Model
) -> None:
    for _ in range(2):
        with Shopper(personal) as shopper:
            visit(shopper)
            buy_twice(shopper)
            assert 'data-persona="loyalist"' in visit(shopper)
    assert offered(model) == [LIKE_ALL, LIKE_NOBODY, LIKE_NOBODY]
    assert list(pairs(personal, "plan:")) == [NEWCOMERS_PAGE]


def view(shopper: httpx.Client, *names: str, orders: int = 0) -> None:
    """Look at products, and buy."""
    events = [*({"kind": "view", "product": name} for name in names), *[ORDER] * orders]
    ours = {"sec-fetch-site": "same-origin"}
    assert shopper.post("/signals", json={"events": events}, headers=ours).is_success


def recent(page: str) -> list[str]:
    """Return the products that a page says were looked at lately."""
    filled = slots(page).get("recent")
    return re.findall(r'/products/([\w-]+)"', filled[1]) if filled else []


@pytest.mark.parametrize("orders", [1, 2])
def test_what_was_looked_at_is_on_ones_own_page_and_no_model_is_asked_for_it(
    personal: Server, model: Model, orders: int
) -> None:
    """Whether the rest is for all of a kind, as after one order, or for one shopper alone."""
    viewed = ["tide-vase", "oak-board", "field-throw"]
    others = ["moon-jar", "night-ink", "desk-tray"]
    with Shopper(personal) as first, Shopper(personal) as second, Shopper(personal) as third:
        for shopper, names in ((first, viewed), (second, []), (third, others[:2])):
            visit(shopper)
            view(shopper, *names, orders=orders)
            visit(shopper)
        assert recent(visit(first)) == viewed[::-1]
        assert recent(visit(second)) == recent(visit(third)) == [], "two are too few"
        asked = len(model.requests)
        assert asked == (2 if orders == 1 else 4)
        view(third, *others)
        view(first, "tide-vase")
        assert recent(visit(third)) == others[::-1]
        assert recent(visit(first)) == ["tide-vase", "field-throw", "oak-board"]
        assert recent(visit(second)) == []
    assert len(model.requests) == asked
    assert "recent" not in json.dumps([request.body for request in model.requests])
    assert not any(b"Looked at lately" in page for page in pairs(personal, "plan:").values())


def test_what_sells_is_offered_first_and_with_its_reason_to_newcomers_as_well(
    personal: Server, model: Model
) -> None:
    rows(personal, TWO_SHOPPERS)
    rows(personal, BOUGHT_BY_EACH)
    with Shopper(personal) as shopper:
        visit(shopper)
    (request,) = model.requests
    lines = request.body["messages"][1]["content"].splitlines()
    (products,) = (at for at, line in enumerate(lines) if line.startswith("Products ("))
    first = lines[products + 1].split(" | ")
    assert (first[0], first[-1]) == ("tide-vase", "sells well")


def test_those_of_whom_too_little_is_known_share_the_page_of_their_kind(
    personal: Server, model: Model
) -> None:
    for _ in range(2):
        with Shopper(personal) as shopper:
            visit(shopper)
            shopper.post(
                "/signals",
                json={"events": [VIEW, ORDER]},
                headers={"sec-fetch-site": "same-origin"},
            )
            assert 'data-persona="minimalist"' in visit(shopper)
    assert offered(model) == [LIKE_ALL, LIKE_ALL]
    assert len(pairs(personal, "plan:")) == 2


def test_what_was_decided_for_one_is_nobodys_once_it_is_unset_and_all_of_a_kind_share(
    personal: Server, serve: StartServer, model: Model
) -> None:
    with Shopper(personal) as shopper:
        visit(shopper)
        buy_twice(shopper)
        visit(shopper)
        personal.stop()
        later = serve(WANDSTORE_PERSONAL="0", **model.environment)
        with Shopper(later, shopper.cookies) as returned, Shopper(later) as other:
            assert 'data-persona="loyalist"' in visit(returned)
            visit(other)
            buy_twice(other)
            view(other, "tide-vase", "oak-board", "field-throw")
            page = visit(other)
            assert 'data-persona="loyalist"' in page
            assert recent(page) == []
    assert offered(model) == [LIKE_ALL, LIKE_NOBODY, LIKE_ALL, LIKE_ALL]
    assert len(pairs(later, "plan:")) == 2
