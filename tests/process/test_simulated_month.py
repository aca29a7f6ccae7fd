"""A simulated month: what /insights says is what the shoppers did, and what they were made to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import StartServer
from tools.simulate import Place, Plan, shop_with_experiment, simulate

SHOPPERS = 220


@pytest.mark.parametrize("effect", [0.8, 0.0])
def test_an_effect_is_found_where_there_is_one_and_every_count_is_right(
    serve: StartServer, tmp_path: Path, effect: float
) -> None:
    server = serve(**shop_with_experiment(tmp_path / "shop"))
    result = simulate(Plan(SHOPPERS, effect=effect), Place(server.url, server.url))
    assert result.mistakes() == []
    assert result.counts["plain", "visitors"] + result.counts["composed", "visitors"] > 200
    assert result.holds()
    assert bool(result.called) == bool(effect)
