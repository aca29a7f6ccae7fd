"""A new component's files: which names and slots will not do."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from app.workbench.safe_write import NotWritten
from app.workbench.scaffold import scaffold
from tools.support.workbench import copy_of_the_files


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_of_the_files(tmp_path_factory.mktemp("scaffold"))


@pytest.mark.parametrize(
    ("name", "slot", "told"),
    [
        ("Promise", "cta", "small letters"),
        ("../promise", "cta", "small letters"),
        ("class", "cta", "small letters"),
        ("", "cta", "small letters"),
        ("hero", "cta", "has files named 'hero' already"),
        ("fields", "cta", "has files named 'fields' already"),
        ("promise", "nowhere", "no slot of the page"),
    ],
)
def test_a_name_that_will_not_do_is_told(root: Path, name: str, slot: str, told: str) -> None:
    with pytest.raises(NotWritten, match=told):
        scaffold(Settings(root=root), name, slot)
