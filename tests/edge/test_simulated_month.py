"""A simulated month through the Worker: it counts as the container does, to the last order."""

from __future__ import annotations

from pathlib import Path

from tests.support.in_process import InProcessServer
from tools.simulate import Plan, opened_at_the_edge, shop_with_experiment, simulate


def test_an_effect_is_found_through_the_worker_and_every_count_is_right(tmp_path: Path) -> None:
    environment = shop_with_experiment(tmp_path / "shop")
    with opened_at_the_edge(tmp_path, environment, InProcessServer) as place:
        result = simulate(Plan(220, effect=0.8), place)
    assert result.mistakes() == []
    assert result.holds()
    assert result.called
