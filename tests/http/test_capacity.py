"""How many pages are composed at once: the rest wait, and beyond that the shell is the page."""

from __future__ import annotations

from collections.abc import Callable

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
