"""KV, D1 and container absent in every combination, with real parts: the shop is always open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import StartServer
from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer
from tests.support.shopper_client import Shopper, fillers
from tools.support.edge import Edge, Worker, behind_worker, publish
from tools.support.server import HeldPort

STREAM = "/s/demo/stream/edge"
ABSENT: list[tuple[str, ...]] = [(), ("KV",), ("DB",), ("KV", "DB")]


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(tmp_path_factory.mktemp("public") / "public")


def whole(page: httpx.Response) -> bool:
    return page.status_code == httpx.codes.OK and page.text.rstrip().endswith("</html>")


@pytest.fixture(scope="module", params=ABSENT, ids=lambda absent: "-".join(absent) or "nothing")
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, public: Path
) -> Iterator[Worker]:
    """A Worker that lacks some of its bindings, and whose container nobody has started."""
    state = tmp_path_factory.mktemp("worker") / "state"
    quick = {"RETRY_UNIT_MS": "10", "KEPT_WAIT_MS": "3000"}
    with (
        HeldPort() as port,
        Worker(state, public, port.url, request.param, **quick) as worker,
    ):
        yield worker


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


@pytest.mark.process
def test_a_container_that_has_forgotten_everything_finds_it_behind_the_worker(
    edge: Edge, model: Model
) -> None:
    model.play(Scenario(answer()))
    with Shopper(edge) as shopper:
        shopper.store()
        first = shopper.follow(STREAM)
        edge.kill()
        for file in edge.container.data.glob("*"):
            file.unlink()
        edge.start()
        again = shopper.follow(STREAM)
        assert [item.payload for item in again if item.name == "component"] == [
            item.payload for item in first if item.name == "component"
        ]
        assert len(model.requests) == 1
