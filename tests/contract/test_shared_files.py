"""What the Worker shares with Python is written by `make contract`, and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.facts import MAX_SECONDS
from app.settings import ROOT
from app.web.signals_schema import MAX_EVENTS, MAX_ITEMS, MAX_QUANTITY
from tools.contract import FILES

WORKER = "\n".join(
    path.read_text() for path in (ROOT / "worker" / "src").rglob("*.ts") if path not in FILES
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shared_file_stands_as_it_is_written(path: Path) -> None:
    assert path.read_text() == FILES[path]()


def test_the_worker_uses_all_that_it_shares() -> None:
    names = {
        name for path in FILES for name in re.findall(r"\b[A-Z0-9_]{3,}(?=:| =)", path.read_text())
    }
    assert len(names) > 50
    assert names - set(re.findall(r"\w+", WORKER)) == set()


def test_the_browsers_scripts_keep_to_the_bounds_of_what_they_send() -> None:
    views = (ROOT / "static" / "views.js").read_text()
    assert f"const maxEvents = {min(MAX_EVENTS, MAX_ITEMS)};" in views
    script = (ROOT / "static" / "signals.js").read_text()
    constants = dict(re.findall(r"const (\w+) = (\d+);", script))
    assert int(constants["maxEvents"]) == min(MAX_EVENTS, MAX_ITEMS)
    assert int(constants["maxDwell"]) == MAX_SECONDS
    assert f"Math.min({MAX_QUANTITY}, Math.max(1, " in script
