"""What the Worker shares with Python is written by `make contract`, and used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.settings import ROOT
from tools.contract import FILES

WORKER = "\n".join(
    path.read_text() for path in (ROOT / "worker" / "src").rglob("*.ts") if path not in FILES
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_shared_file_stands_as_it_is_written(path: Path) -> None:
    assert path.read_text() == FILES[path]()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_worker_uses_all_that_it_shares(path: Path) -> None:
    names = re.findall(r"^export const (\w+)", path.read_text(), re.MULTILINE)
    assert len(names) > 5
    assert [name for name in names if not re.search(rf"\b{name}\b", WORKER)] == []
