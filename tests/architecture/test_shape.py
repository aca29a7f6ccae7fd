"""The shape of the code: short modules, short functions, and a sentence at the top of each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from app.settings import ROOT

LONGEST_MODULE = 250
LONGEST_FUNCTION = 40
MODULES = sorted(path for name in ("app", "components") for path in (ROOT / name).rglob("*.py"))

WORKERS = sorted(path for path in (ROOT / "worker" / "src").rglob("*.ts"))

every_module = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(ROOT)) for path in MODULES]
)


@every_module
def test_a_module_is_short_enough_to_be_read_in_one_go(path: Path) -> None:
    assert len(path.read_text().splitlines()) < LONGEST_MODULE


@every_module
def test_no_function_is_longer_than_a_screen(path: Path) -> None:
    too_long = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert too_long == []


@every_module
def test_a_module_says_what_it_is_for_unless_it_is_empty(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert not tree.body or ast.get_docstring(tree)


@pytest.mark.parametrize("path", WORKERS, ids=[str(path.relative_to(ROOT)) for path in WORKERS])
def test_a_module_of_the_worker_is_short_and_says_what_it_is_for(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) < LONGEST_MODULE
    assert lines[0].startswith("// ")
