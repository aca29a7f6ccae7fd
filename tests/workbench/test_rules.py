"""The merchant's rules in the workbench: at any moment, for any persona, and why."""

from __future__ import annotations

import shutil
from pathlib import Path

from app.settings import ROOT
from tests.conftest import StartServer
from tests.support.shopper_client import slots
from tools.support.workbench import Desk

RULES = """
[[rule]]
pin = "oak-board"
slot = "hero"
persona = "collector"
from = 2026-12-01
until = 2026-12-01

[[rule]]
exclude = "category:Lamps"
"""


def test_a_rule_is_seen_at_its_moment_and_for_its_persona(
    serve: StartServer, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "demo", tmp_path / "shop")
    (tmp_path / "shop" / "merchandising.toml").write_text(RULES)
    catalog = str(tmp_path / "shop" / "catalog.json")
    desk = Desk(ROOT, serve(WANDSTORE_CATALOG=catalog, WANDSTORE_DESIGN="1"))
    before = desk.get("/rules?persona=collector&at=2026-11-30T23:59").text
    assert "oak-board" not in before
    assert "exclude, line 9" in before
    assert "1 rule holds at other times" in before
    assert "at=2026-12-01T00%3A00" in before, "it leads to the next change"
    during = "?persona=collector&at=2026-12-01T00:00"
    assert "pin, line 2" in desk.get(f"/rules{during}").text
    assert "pin, line 2" not in desk.get("/rules?persona=loyalist&at=2026-12-01T00:00").text
    assert "pin, line 2" not in desk.get("/rules?persona=collector&at=2026-12-02T00:00").text
    hero = slots(desk.get(f"/frame/store-page{during}&state=finished").text)["hero"][1]
    assert "/products/oak-board" in hero
    for nonsense in ("yesterday", "2026-13-01T00:00", "2026-12-01"):
        assert "exclude, line 9" in desk.get(f"/rules?at={nonsense}").text
