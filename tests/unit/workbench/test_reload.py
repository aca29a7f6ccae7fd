"""Whatever a designer's editor does: told once with its file and line, and mended by a save."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple, cast

import pytest

from app.content.site import SiteContent, read_site
from app.generation.generator import Generator
from app.pages.shells import ShellCache
from app.pages.site import LiveSite, Site, build_renderer
from app.rendering.renderer import Renderer
from app.settings import Settings
from app.workbench.gallery.states import ViewOptions, draw
from app.workbench.reload import runaway
from app.workbench.reload.build import BuildError, Version, build
from app.workbench.reload.files import Sources, read_sources
from app.workbench.reload.manager import ContentReloader
from app.workbench.reload.verify import verify
from app.workbench.reload.watch import watch
from tools.support.workbench import copy_of_the_files, put_back

pytestmark = pytest.mark.anyio

HERO = "components/hero.jinja"
SAMPLES = "components/cta.samples.json"


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> SiteContent:
    """What the shop opens with."""
    return read_site(Settings(root=copy_of_the_files(tmp_path_factory.mktemp("reload"))))


@pytest.fixture
def root(content: SiteContent) -> Iterator[Path]:
    """The folder of the shop, whose files are afterwards as they were."""
    with put_back(content.library.folder.parent) as root:
        yield root


def reloader(root: Path, content: SiteContent) -> ContentReloader:
    def build_site(content: SiteContent, renderer: Renderer) -> Site:
        return Site(content, renderer, cast("Generator", None), ShellCache(renderer), {})

    return ContentReloader(LiveSite(build_site(content, build_renderer(content))), root, build_site)


class Mishap(NamedTuple):
    """What happens to a file; the file and line that are told, and the words."""

    file: str
    happens: Callable[[Path], object]
    line: int
    message: str


def becomes(text: str | bytes) -> Callable[[Path], object]:
    content = text.encode() if isinstance(text, str) else text
    return lambda path: path.write_bytes(content)


def becomes_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


MISHAPS = (
    Mishap(HERO, becomes("{% macro a() %}{{ a() }}{% endmacro %}\n{{ a() }}"), 1, "RecursionError"),
    Mishap(HERO, becomes("{% include 'hero.jinja' %}"), 1, "RecursionError"),
    Mishap(HERO, becomes("\n{{ 'x' * 5_000_000 }}"), 0, "it draws 5,000,001 characters"),
    Mishap(HERO, becomes('{{ "\\ud800" }}'), 0, "surrogates not allowed"),
    Mishap(HERO, becomes("x" * 1_100_000), 0, "is larger than 1,024 KiB"),
    Mishap(HERO, becomes(b"one\nt\xe9o"), 0, "is no UTF-8 text in line 2"),
    Mishap(HERO, becomes_a_link, 0, "is a link"),
    Mishap("components/hero.py", becomes("import sys\nsys.exit()"), 0, "SystemExit"),
    Mishap("components/hero.py", becomes("\nraise KeyboardInterrupt"), 0, "KeyboardInterrupt"),
    Mishap("components/hero.py", becomes("\nimport nothing_such"), 2, "No module named 'nothing_"),
    Mishap("components/slots.py", Path.unlink, 0, "missing"),
    Mishap(SAMPLES, becomes("[" * 100_000), 0, "recursion"),
    Mishap(SAMPLES, becomes('[{"name": "\\ud800", "config": {}}]'), 0, "surrogates not allowed"),
    Mishap(SAMPLES, becomes('[{"name": "a", "config": [1]}]'), 0, "not a list of {name, config}"),
    Mishap(
        SAMPLES,
        becomes('[{"name": "a", "config": {}}, {"name": "a", "config": {}}]'),
        0,
        "there are 2 samples named 'a'",
    ),
    Mishap(
        "components/pages/basket.jinja", becomes("\n{{ nothing }}"), 2, "'nothing' is undefined"
    ),
    Mishap("components/pages/checkout.jinja", Path.unlink, 0, "TemplateNotFound"),
    Mishap("prompts/house.json", becomes("[" * 100_000), 0, "recursion"),
)


async def test_each_mishap_is_told_where_it_is_and_a_save_mends_it(
    root: Path, content: SiteContent
) -> None:
    live = reloader(root, content)
    await live.begin()
    for mishap in MISHAPS:
        path = root / mishap.file
        before = path.read_bytes()
        mishap.happens(path)
        await live.saved([path])
        told = [(fault.file, fault.line) for fault in live.faults]
        assert told == [(mishap.file, mishap.line)], mishap
        assert mishap.message in live.faults[0].message
        assert "hero-headline" in drawn(live), "the last good version stays"
        path.unlink(missing_ok=True)
        path.write_bytes(before)
        await live.saved([path])
        assert live.faults == (), mishap


def drawn(live: ContentReloader) -> str:
    state = draw(live, "hero", ViewOptions())
    assert state
    return state.html


async def test_what_editors_leave_beside_a_file_and_put_before_it_is_none_of_it(
    root: Path, content: SiteContent
) -> None:
    live = reloader(root, content)
    await live.begin()
    before = live.version.sources
    folder = root / "components"
    for name in (
        ".hero.jinja.swp",
        "hero.jinja~",
        "#hero.jinja#",
        "4913",
        os.fsdecode(b"\xff.css"),
    ):
        (folder / name).write_text("{{")
    for name in (".#hero.jinja", ".#hero.py", ".#hero.css", "../prompts/words/.#en.txt"):
        (folder / name).symlink_to("somebody@nowhere.1")
    marked = [root / name for name in (HERO, "components/hero.py", SAMPLES, "prompts/house.json")]
    for path in marked:
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    await live.saved([*folder.iterdir(), *marked])
    assert live.faults == ()
    assert live.version.sources == before
    (folder / os.fsdecode(b"\xff.css")).unlink()
    assert read_site(Settings(root=root)).library.digest == live.version.content.library.digest


async def test_names_that_would_stand_for_two_are_refused(root: Path, content: SiteContent) -> None:
    live = reloader(root, content)
    await live.begin()
    for name in ("Hero", "store-page", "hero copy"):
        for ending in (".jinja", ".py", ".samples.json"):
            shutil.copy(root / f"components/hero{ending}", root / f"components/{name}{ending}")
        await live.saved((root / "components").glob(f"{name}.*"))
        (fault,) = live.faults
        assert fault.file == f"components/{name}.py"
        assert "small letters" in fault.message
        for path in (root / "components").glob(f"{name}.*"):
            path.unlink()
        await live.saved(())
    slots = root / "components" / "slots.py"
    slots.write_text(slots.read_text().replace("SLOTS = (", 'SLOTS = (Slot("hero", "Again"),'))
    await live.saved([slots])
    assert [fault.message for fault in live.faults] == [
        "LibraryError: slots.py: there are 2 slots named 'hero'"
    ]


async def test_a_fault_that_no_newer_file_names_holds_up_no_later_save(
    root: Path, content: SiteContent
) -> None:
    live = reloader(root, content)
    await live.begin()
    (root / HERO).unlink()
    await live.saved([root / HERO])
    assert [fault.file for fault in live.faults] == ["components/slots.py"]
    other = root / "components" / "cta.jinja"
    other.write_text(other.read_text().replace("</h2>", " taken</h2>"))
    await live.saved([other])
    assert [fault.file for fault in live.faults] == ["components/slots.py"]
    state = draw(live, "cta", ViewOptions())
    assert state
    assert " taken</h2>" in state.html


async def test_what_was_wrong_at_the_start_is_told_until_it_is_mended(root: Path) -> None:
    path, other = root / SAMPLES, root / "components" / "hero.css"
    good = path.read_text()
    path.write_text(good.replace('"headline"', '"heading"'))
    live = reloader(root, read_site(Settings(root=root)))
    await live.begin()
    for text in ("/* one */", "/* two */"):
        other.write_text(text)
        await live.saved([other])
        assert [fault.file for fault in live.faults] == [SAMPLES]
    path.write_text(good)
    await live.saved([path])
    assert live.faults == ()


async def test_what_does_not_end_is_stopped_at_its_line(
    root: Path, content: SiteContent, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "components" / "cta.jinja").write_text("\n{% for _ in range(10 ** 12) %}{% endfor %}")
    first = build(Version(0, Sources(root, {}), content), read_sources(root))
    monkeypatch.setattr(runaway, "SECONDS", 0.05)
    with pytest.raises(BuildError, match="it does not end") as error:
        verify(first, ["cta"])
    assert (error.value.fault.file, error.value.fault.line) == ("components/cta.jinja", 2)


async def test_what_only_the_merchants_rules_bring_to_light_holds_up_no_later_save(
    root: Path,
    content: SiteContent,
) -> None:
    def build_site(content: SiteContent, renderer: Renderer) -> Site:
        if "steered" in (content.library.templates or {}).get("hero.jinja", ""):
            renderer.draw("hero", "hero", SimpleNamespace(), content.catalogs.default)
        return Site(content, renderer, cast("Generator", None), ShellCache(renderer), {})

    site = LiveSite(build_site(content, build_renderer(content)))
    live = ContentReloader(site, root, build_site)
    await live.begin()
    hero = root / HERO
    before = hero.read_text()
    hero.write_text(f"{before}<p>steered</p>")
    await live.saved([hero])
    assert [fault.file for fault in live.faults] == [HERO]
    assert site.current.content.library is live.version.content.library
    assert "steered" not in drawn(live), "the last good version stays"
    hero.write_text(f"{before}<p>mended</p>")
    await live.saved([hero])
    assert live.faults == ()
    assert "mended" in drawn(live)


async def test_folders_that_come_go_and_are_replaced_are_watched_again(tmp_path: Path) -> None:
    folder, languages = tmp_path / "components", tmp_path / "locale"
    folder.mkdir()
    told: asyncio.Queue[set[Path]] = asyncio.Queue()

    async def saved(paths: Iterable[Path]) -> None:
        await told.put(set(paths))

    async def is_told(path: Path) -> None:
        seen = set[Path]()
        while path not in seen:
            await asyncio.to_thread(
                path.write_text, "saved"
            )  # again and again, as the watch may not be set yet
            with suppress(TimeoutError):
                seen |= await asyncio.wait_for(told.get(), 0.2)

    async def all_is_read_again() -> None:
        while await told.get():
            pass

    watching = asyncio.create_task(watch(tmp_path, saved))
    try:
        async with asyncio.timeout(60):
            await is_told(folder / "hero.css")
            folder.rename(tmp_path / "away")
            await all_is_read_again()
            folder.mkdir()
            languages.mkdir()
            await is_told(folder / "hero.css")
            await is_told(languages / "de.po")
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def test_a_font_that_comes_after_the_style_that_names_it_is_served_without_a_restart(
    root: Path,
    content: SiteContent,
) -> None:
    live = reloader(root, content)
    await live.begin()
    style, font = root / "static" / "shop.css", root / "static" / "serif.woff2"
    style.write_text(style.read_text() + '@font-face { src: url("serif.woff2"); }\n')
    font.write_bytes(b"wOF2\xff")
    await live.saved([style, font])
    assert live.faults == ()
    assets = live.version.content.assets
    assert assets.files["serif.woff2"].plain == b"wOF2\xff"
    assert f'url("{assets.names["serif.woff2"]}")' in assets.files["shop.css"].plain.decode()
