"""Versions built from texts: the same as from the disk, and only anew where a file changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.content.kinds import kind_in
from app.content.site import SiteContent, read_site
from app.domain.page import Component
from app.pages.shells import build_shop_view
from app.pages.site import build_renderer
from app.settings import Settings
from app.workbench.reload.build import BuildError, Version, build
from app.workbench.reload.files import Sources, read_again, read_sources
from app.workbench.reload.verify import verify
from tools.support.workbench import copy_of_the_files, put_back


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Version:
    """The shop as it opens, built from its texts."""
    root = copy_of_the_files(tmp_path_factory.mktemp("building"))
    before = Version(0, Sources(root, {}), read_site(Settings(root=root)))
    return build(before, read_sources(root))


@pytest.fixture
def root(first: Version) -> Iterator[Path]:
    """The folder of the shop, whose files are afterwards as they were."""
    with put_back(first.sources.root) as root:
        yield root


def edited(version: Version, root: Path, name: str, old: str, new: str) -> Sources:
    path = root / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return read_again(version.sources, [path])


def test_what_is_built_from_texts_is_what_is_read_from_the_disk(root: Path, first: Version) -> None:
    read = read_site(Settings(root=root))
    shop = read.catalogs.default
    assert first.content.digest_of(shop) == read.digest_of(shop), "kept pages stay as they are"
    assert first.content.library.slots == read.library.slots
    assert first.content.library.styles == read.library.styles
    assert dict(first.content.prompts.personas) == dict(read.prompts.personas)
    assert list(first.content.library.specs) == list(read.library.specs)


def test_a_change_is_in_the_digest(root: Path, first: Version) -> None:
    sources = edited(first, root, "components/hero.jinja", "</h1>", "!</h1>")
    second = build(first, sources)
    shop = first.content.catalogs.default
    assert second.content.digest_of(shop) != first.content.digest_of(shop)


def test_static_files_are_those_that_a_restart_would_read(root: Path, first: Version) -> None:
    folder = root / "static"
    nested = folder / "more" / "nested.css"
    nested.parent.mkdir()
    nested.write_text("a { color: red }")
    (folder / "own.css").write_text("a { color: red }")
    with_own = build(first, read_again(first.sources, [nested, folder / "own.css"]))
    assert with_own.content.assets.digest == read_site(Settings(root=root)).assets.digest
    for path in (folder / "own.css", folder / "shop.css"):
        path.unlink()
    without = build(
        with_own, read_again(with_own.sources, [folder / "own.css", folder / "shop.css"])
    )
    assert without.content.assets.digest == read_site(Settings(root=root)).assets.digest
    assert "own.css" not in without.content.assets.names


def test_only_what_changed_is_imported_again(root: Path, first: Version) -> None:
    sources = edited(first, root, "components/hero.py", "max_length=56", "max_length=60")
    parsed = kind_in.cache_info().misses
    second = build(first, sources)
    assert kind_in.cache_info().misses == parsed + 1
    specs, before = second.content.library.specs, first.content.library.specs
    assert specs["hero"].props is not before["hero"].props
    assert all(specs[name] is before[name] for name in specs if name != "hero")
    assert second.package is first.package


def test_a_failed_import_leaves_the_module_that_was_there(root: Path, first: Version) -> None:
    package = first.package
    assert package
    before = designed()
    module = sys.modules[f"{package.name}.hero"]
    with pytest.raises(BuildError, match="broken"):
        build(
            first,
            edited(
                first,
                root,
                "components/hero.py",
                "from typing",
                "raise ValueError('broken')\nfrom typing",
            ),
        )
    assert sys.modules[f"{package.name}.hero"] is module
    with pytest.raises(BuildError, match="broken"):
        build(
            first,
            edited(
                first, root, "components/fields.py", "import re\n", "raise ValueError('broken')\n"
            ),
        )
    assert designed() == before, "nothing half-loaded is left"


def designed() -> set[str]:
    """Return the modules that came from texts."""
    return {name for name in sys.modules if name.startswith("designed_")}


def test_a_prompt_alone_leaves_the_library_as_it_is(root: Path, first: Version) -> None:
    sources = edited(first, root, "prompts/storefront.md", "You arrange", "You furnish")
    second = build(first, sources)
    assert second.content.library is first.content.library
    assert second.content.assets is first.content.assets
    assert "You furnish" in second.content.prompts.storefront


def test_a_version_is_drawn_from_its_texts_whatever_the_disk_says(
    root: Path, first: Version
) -> None:
    (root / "components" / "cta.jinja").write_text("{{ broken")
    renderer = verify(first, ["cta"])
    content: SiteContent = first.content
    shop = content.catalogs.default
    sample = content.library.specs["cta"].samples[0]
    assert (
        "cta-headline"
        in renderer.fallbacks(shop, [Component("cta", "cta", sample.config)])["cta"].html
    )


BANNER = {
    "components/banner.jinja": '<p class="banner">{{ props.text }}</p>\n',
    "components/banner.samples.json": '[{"name": "usual", "config": {"text": "Open today"}}]',
    "components/banner.py": """\
from typing import ClassVar
from pydantic import BaseModel

class BannerProps(BaseModel):
    slots: ClassVar[tuple[str, ...]] = ("banner",)
    text: str
""",
}


def with_a_slot(root: Path) -> None:
    slots = root / "components" / "slots.py"
    slots.write_text(slots.read_text().replace("SLOTS = (", 'SLOTS = (Slot("banner", "Today"),'))


def test_a_slot_of_a_designers_own_is_filled_like_ours(root: Path, first: Version) -> None:
    with_a_slot(root)
    for name, text in BANNER.items():
        (root / name).write_text(text)
    house = root / "prompts" / "house.json"
    copies = json.loads(house.read_text())
    copies["fallback"]["banner"] = [{"text": "Open today"}]
    house.write_text(json.dumps(copies))
    version = build(first, read_sources(root))
    verify(version, version.content.library.specs)
    view = build_shop_view(
        version.content.catalogs.default, version.content, build_renderer(version.content)
    )
    assert view.fallbacks["banner"].html == '<p class="banner">Open today</p>'


def test_a_slot_that_nothing_fills_is_the_fault_of_the_file_that_has_it(
    root: Path, first: Version
) -> None:
    with_a_slot(root)
    version = build(first, read_sources(root))
    with pytest.raises(BuildError, match="the slot banner has no fallback") as error:
        verify(version, [])
    assert error.value.fault.file == "components/slots.py"


@pytest.mark.parametrize("name", ["components/hero.css", "static/shop.css"])
def test_a_style_that_would_swallow_others_is_not_taken(
    root: Path, first: Version, name: str
) -> None:
    text = (root / name).read_text()
    (root / name).write_text(f"{text}.left-open {{\n")
    with pytest.raises(BuildError, match="a bracket is not closed") as error:
        build(first, read_again(first.sources, [root / name]))
    assert error.value.fault.file == name
    assert error.value.fault.line == len(text.splitlines()) + 1
