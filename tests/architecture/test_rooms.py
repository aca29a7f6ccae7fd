"""Who may use whom: a room uses rooms below it and itself, read from the imports."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

from app.settings import ROOT
from tests.support.code import statements

FLOORS = (
    "domain util",
    "settings metrics",
    "catalog storage",
    "rendering",
    "content personas generation",
    "llm pages insights",
    "web",
    "workbench prerender",
    "main",
    "server",
    "__main__",
)
PURE = {"domain", "generation"}
"""Never hear of storage, network, clock or settings: they are handed what they need."""

MODULES = sorted((ROOT / "app").rglob("*.py"))
NAMED = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in MODULES}
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms.split()}


def room_of(path: Path) -> str:
    return path.relative_to(ROOT / "app").parts[0].removesuffix(".py")


@cache
def imported(path: Path) -> frozenset[str]:
    """Return the modules of ours that a file imports from, wherever in it, for types alone too."""
    modules: set[str] = set()
    for node in statements(path):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            names = {f"{node.module}.{item.name}" for item in node.names} & set(NAMED)
            modules |= names or {node.module or ""}
        elif isinstance(node, ast.Import):
            modules.update(item.name for item in node.names)
    return frozenset(module for module in modules if module in NAMED)


def rooms_of(path: Path) -> set[str]:
    return {module.split(".")[1] for module in imported(path)}


def test_every_room_has_its_floor() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(FLOOR_OF)


def test_a_room_uses_only_rooms_below_it() -> None:
    climbs = {
        f"{path.relative_to(ROOT)} -> {room}"
        for path in MODULES
        for room in rooms_of(path)
        if room != room_of(path) and FLOOR_OF[room] >= FLOOR_OF[room_of(path)]
    }
    assert climbs == set()


def test_no_modules_import_each_other_in_a_circle() -> None:
    users = {name: imported(path) for name, path in NAMED.items()}
    assert len(tuple(TopologicalSorter(users).static_order())) == len(NAMED)


def test_the_core_knows_no_storage_and_no_setting() -> None:
    outside = {"storage", "settings", "llm", "pages", "web", "metrics"}
    heard = {
        f"{path.relative_to(ROOT)} -> {room}"
        for path in MODULES
        if room_of(path) in PURE
        for room in rooms_of(path)
        if room in outside
    }
    assert heard == set()
