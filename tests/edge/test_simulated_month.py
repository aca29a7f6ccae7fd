"""A simulated month through the Worker: it counts as the container does, to the last order."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import StartServer
from tools.simulate import Place, Plan, shop_with_experiment, simulate
from tools.support.edge import SECRETS, Worker, behind_worker, publish
from tools.support.server import HeldPort


def test_an_effect_is_found_through_the_worker_and_every_count_is_right(
    serve: StartServer, tmp_path: Path
) -> None:
    environment = shop_with_experiment(tmp_path / "shop")
    public = publish(tmp_path / "public", WANDSTORE_ROOT=environment["WANDSTORE_ROOT"])
    with HeldPort() as port, Worker(tmp_path / "state", public, port.url) as worker:
        container = serve("container", port.number, **environment | dict(behind_worker(worker)))
        token, secret = SECRETS["WANDSTORE_OPERATOR_TOKEN"], SECRETS["SESSION_SECRET"]
        place = Place(worker.url, container.url, token, secret)
        result = simulate(Plan(300, effect=0.6), place)
        container.stop()
    assert result.mistakes() == []
    assert result.holds()
    assert result.called
