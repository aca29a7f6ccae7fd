"""KV, D1 and container absent in every combination, with real parts: the shop is always open."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.shopper_client import Shopper, fillers
from tools.support.edge import Worker, behind_worker, publish
from tools.support.server import HeldPort

STREAM = "/s/demo/stream/edge"
LACKING = ("KV", "DB", "KV,DB")


def whole(page: httpx.Response) -> bool:
    return page.status_code == httpx.codes.OK and page.text.rstrip().endswith("</html>")


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    """A Worker, and beside it those that lack bindings; nobody has started their container."""
    folder = tmp_path_factory.mktemp("worker")
    public = publish(folder / "public")
    quick = {"RETRY_UNIT_MS": "10", "KEPT_WAIT_MS": "3000"}
    with HeldPort() as port, Worker(folder / "state", public, port.url, LACKING, **quick) as all_:
        yield all_


@pytest.fixture(params=["", *LACKING], ids=lambda lacks: lacks or "nothing")
def opened(request: pytest.FixtureRequest, workers: Worker) -> Worker:
    """The Worker that lacks these bindings."""
    one = copy(workers)
    one.url = workers.others.get(request.param, workers.url)
    return one


def test_without_a_container_the_shop_is_open(opened: Worker) -> None:
    with Shopper(opened) as shopper:
        assert whole(shopper.store())
        assert shopper.get(STREAM).status_code == httpx.codes.INTERNAL_SERVER_ERROR
        assert whole(shopper.store())
        assert whole(shopper.get("/store", params={"q": "lamp"}))
        assert whole(shopper.get("/store", params={"category": "Lamps"}))


def test_with_a_container_the_page_is_streamed_and_kept_and_paid_for_once(
    opened: Worker, serve: StartServer, model: Model
) -> None:
    model.play(Scenario(answer()))
    port = int(opened.container.rpartition(":")[2])
    serve("container", port, **behind_worker(opened), **model.environment)
    with Shopper(opened) as shopper:
        assert whole(shopper.store())
        events = shopper.follow(STREAM)
        assert [item.payload["slot"] for item in events if item.name == "component"] == list(SLOTS)
        assert events[-1].name == "ready"
        second = shopper.store()
        assert whole(second)
        assert second.headers["x-wandstore-page"] == "kept"
        assert fillers(second.text) == {slot: slot for slot in SLOTS}
    assert len(model.requests) == 1
