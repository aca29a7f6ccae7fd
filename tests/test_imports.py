"""Which part of the shop may know of which: read from the imports, so that no part grows roots."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.settings import ROOT

LAYERS = (
    {"models", "state_settings"},
    {"stages"},
    {"preparing", "workshop", "counter", "pace", "tallies"},
    {"drawing"},
    {"asking"},
    {"pipeline"},
    {"plans", "ledgers", "kept_pages", "acquaintances"},
    {"composing"},
    {"storefront"},
    {"learning"},
    {"web"},
    {"model_clients"},
    {"composers", "state"},
    {"materials"},
    {"design"},
    {"main", "publish"},
    {"lean_uvicorn"},
    {"serve"},
    {"__main__"},
)
"""Each may import the parts of the layers before its own, and its own package."""

PURE = ("models", "stages", "workshop", "counter", "drawing", "asking", "pipeline")
"""Parts that never hear of a service: what they need is handed to them."""

COMMON = (
    "app.pace",
    "app.services.cloudflare_api",
    "app.services.http",
    "app.services.retry_after",
    "app.services.sqlite",
    "app.services.storage",
)
"""What services may share: ways to store, and the words for when that fails."""

MODULES = sorted((ROOT / "app").rglob("*.py"))
SERVICES = [path for path in MODULES if path.is_relative_to(ROOT / "app" / "services")]


def part_of(path: Path) -> str:
    """Return the part of the app a file belongs to: a package's or a module's name."""
    return path.relative_to(ROOT / "app").parts[0].removesuffix(".py")


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Yield the names of our own modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            names = [f"app.{alias.name}" for alias in node.names]
            yield from names if node.module == "app" else [node.module or ""]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def parts_imported(path: Path) -> set[str]:
    names = [name.split(".") for name in imported(path)]
    return {name[1] for name in names if name[0] == "app" and len(name) > 1}


def named(paths: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=[dotted(path) for path in paths])


def test_every_part_of_the_app_has_its_place() -> None:
    placed = set().union(*LAYERS) | {"services", "settings", "__init__"}
    assert {part_of(path) for path in MODULES} == placed


@named([path for path in MODULES if part_of(path) not in ("services", "settings", "__init__")])
def test_a_part_imports_only_what_lies_below_it(path: Path) -> None:
    part = part_of(path)
    height = next(at for at, layer in enumerate(LAYERS) if part in layer)
    below = set().union({part}, *LAYERS[:height]) | {"services", "settings", "__version__"}
    assert parts_imported(path) <= below


@named([path for path in MODULES if part_of(path) in PURE])
def test_the_core_knows_no_service_and_no_setting(path: Path) -> None:
    assert not parts_imported(path) & {"services", "settings"}


@named([path for path in MODULES if part_of(path) == "stages"])
def test_stages_know_models_and_stages_only(path: Path) -> None:
    assert parts_imported(path) <= {"models", "stages"}


@named(SERVICES)
def test_a_service_knows_models_its_own_package_and_sqlite_only(path: Path) -> None:
    inside = path.parent != ROOT / "app" / "services"
    own = (f"{dotted(path.parent)}.",) if inside else ()
    allowed = ("app.models", *COMMON, *own)
    strangers = {name for name in imported(path) if name.startswith("app.")}
    assert {name for name in strangers if not name.startswith(allowed)} == set()


def test_only_those_who_construct_and_serve_read_settings() -> None:
    readers = {part_of(path) for path in MODULES if "settings" in parts_imported(path)}
    constructors = {"main", "state", "composers", "model_clients", "materials", "design"}
    assert readers == {*constructors, "serve", "publish"}
