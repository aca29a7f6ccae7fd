"""Versions built from texts: the same as from the disk, and only anew where a file changed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.content.site import SiteContent, read_site
from app.settings import Settings
from app.workbench.reload.build import BuildError, Version, build
from app.workbench.reload.files import Sources, read_again, read_sources
from app.workbench.reload.verify import verify
from tools.support.workbench import copy_of_the_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return copy_of_the_files(tmp_path / "root")


@pytest.fixture
def first(root: Path) -> Version:
    """The shop as it opens, built from its texts."""
    before = Version(0, Sources(root, {}), read_site(Settings(root=root)))
    return build(before, read_sources(root))


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


def test_only_what_changed_is_imported_again(root: Path, first: Version) -> None:
    sources = edited(first, root, "components/hero.py", "max_length=56", "max_length=60")
    second = build(first, sources)
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
    assert "cta-headline" in renderer.fallbacks(shop, {"cta": dict(sample.config)})["cta"].html
