"""The shape of the code: short modules, short functions, and a sentence at the top of each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from app.settings import ROOT
from tests.support.code import statements

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MODULES = sorted(path for name in ("app", "components") for path in (ROOT / name).rglob("*.py"))
WORKERS = sorted(path for path in (ROOT / "worker" / "src").rglob("*.ts"))


def lines_of(path: Path) -> int:
    return len(path.read_text().splitlines())


def long_functions(path: Path) -> Iterator[str]:
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            if lines > LONGEST_FUNCTION:
                yield f"{path.relative_to(ROOT)}: {node.name} has {lines} lines"


def says_nothing(path: Path) -> bool:
    text = path.read_text()
    return bool(text) and not re.match(r"// \w" if path.suffix == ".ts" else r'"""[^\s"]', text)


def names_made_in(path: Path) -> Iterator[str]:
    for node in ast.walk(statements(path)[0]):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def test_a_name_is_a_noun_or_a_verb_that_a_stranger_would_look_for() -> None:
    vague = {"told", "asked", "came", "whom", "many", "more", "manager", "helper"}
    found = [(path.name, name) for path in MODULES for name in names_made_in(path)]
    assert len(found) > len(MODULES)
    assert [it for it in found if it[1].strip("_") in vague] == []


def test_a_module_is_short_enough_to_be_read_in_one_go() -> None:
    assert MODULES
    assert WORKERS
    assert [str(path) for path in MODULES + WORKERS if lines_of(path) > LONGEST_MODULE] == []


def test_no_function_is_longer_than_one_thought() -> None:
    long = [path for path in MODULES if lines_of(path) > LONGEST_FUNCTION]
    assert long
    assert [found for path in long for found in long_functions(path)] == []


def test_no_named_tuple_of_the_domain_compiles_its_annotations_at_a_start() -> None:
    values = [path for path in MODULES if path.parent.name == "domain"]
    assert values
    assert [path.name for path in values if "\nfrom __future__ " in path.read_text()] == []


def test_a_module_says_what_it_is_for_unless_it_is_empty() -> None:
    assert [str(path) for path in MODULES + WORKERS if says_nothing(path)] == []
