"""Reloads the designer's files; the site always has the last good version, swapped in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from app.content.site import SiteContent
from app.pages.site import LiveSite, Site, build_renderer
from app.rendering.renderer import Renderer
from app.workbench.reload.broadcast import Broadcast
from app.workbench.reload.build import BuildError, Version, blaming, build, component_of
from app.workbench.reload.dependencies import drawn_with
from app.workbench.reload.errors import Fault, unread_faults
from app.workbench.reload.files import Sources, read_again, read_sources
from app.workbench.reload.verify import verify

BuildSite = Callable[[SiteContent, Renderer], Site]


class Touched(NamedTuple):
    """What a save reaches: components to draw again, and what stands beside them."""

    components: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    described: tuple[str, ...] = ()
    pages: bool = False
    prompts: bool = False
    library: bool = False


_Drawable = tuple[Version, Renderer, Touched]
"""A version, who draws with it, and what it reaches of the one before."""


class ContentReloader:
    """Holds the last good version and what is wrong with the files that are newer.

    A group of files that belong together is taken or left as a whole: while one component is
    broken, its last good version is drawn, and changes to the others go on being taken.
    """

    def __init__(self, site: LiveSite, root: Path, build_site: BuildSite) -> None:
        self.news = Broadcast()
        self.faults: tuple[Fault, ...] = ()
        self._from_the_start: tuple[Fault, ...] = ()
        self._root = root
        self._build_site = build_site
        self._disk = Sources(root, {})
        self._version = Version(0, self._disk, site.current.content)
        self.site = site
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()

    @property
    def version(self) -> Version:
        """The last good version, with the goods that are sold now."""
        return self._version._replace(content=self.site.current.content)

    @property
    def renderer(self) -> Renderer:
        """Who draws with the last good version."""
        return self.site.current.renderer

    async def wait(self) -> None:
        """Wait until the files have been read for the first time."""
        await self._ready.wait()

    async def begin(self) -> None:
        """Read everything for the first time and hand it to the shop."""
        async with self._turn:
            before = self._disk
            self._disk = await asyncio.to_thread(read_sources, self._root)
            await self._renew(before, announce=False)
        self._ready.set()

    async def saved(self, paths: Iterable[Path]) -> None:
        """Take up what of these files can be used, and say so to every window."""
        async with self._turn:
            before = self._disk
            self._disk = await asyncio.to_thread(read_again, before, paths)
            if self._disk != before:
                await self._renew(before, announce=True)

    async def _renew(self, before: Sources, *, announce: bool) -> None:
        old = self.version
        best, faults = await asyncio.to_thread(self._best, old, before)
        self.faults = (*unread_faults(self._disk), *faults)
        reached = Touched()
        if best is not None:
            try:
                self._swap(old, *best[:2])
                reached = best[2]
            except BuildError as wrong:
                self.faults = (*self.faults, wrong.fault)
        if announce:
            faulty = [fault.as_json() for fault in self.faults]
            number = self._version.number
            self.news.send({"version": number, "faults": faulty, **reached._asdict()})

    def _swap(self, old: Version, made: Version, renderer: Renderer) -> None:
        """Hand a version to the shop.

        Raises:
            BuildError: it cannot be drawn of what is sold now, as the merchant's rules have it.
        """
        catalogs = self.site.current.content.catalogs
        if catalogs is not old.content.catalogs:  # it has changed while we built
            made = made._replace(content=made.content.with_catalogs(catalogs))
            renderer = build_renderer(made.content)
        experiments = self.site.current.content.experiments  # they may have as well
        made = made._replace(content=made.content._replace(experiments=experiments))
        with blaming(made.sources, "prompts/house.json", "the shop's pages"):
            self.site.current = self._build_site(made.content, renderer)
        self._version = made
        if old.package is not None and old.package is not made.package:
            old.package.close()

    def _best(self, old: Version, before: Sources) -> tuple[_Drawable | None, list[Fault]]:
        """Return the newest version that can be drawn, without what is wrong; runs in a thread.

        Where a fault is in none of the newer files, those that were left out `before` caused it.
        """
        if old.package is None:
            return self._first(old)
        candidate = self._disk
        newer = candidate.differing(old.sources)
        faults = [fault for fault in self._from_the_start if fault.file not in newer]
        self._from_the_start = tuple(faults)
        while newer:
            try:
                made = build(old, candidate)
                reached = touched(newer, old, made)
                return (made, verify(made, reached.components), reached), faults
            except BuildError as wrong:
                faults.append(wrong.fault)
                group = group_of(wrong.fault.file, newer, candidate)
                left_out = newer & before.differing(old.sources)
                candidate = candidate.taking(group or left_out or newer, old.sources)
                newer = candidate.differing(old.sources)
        return None, faults

    def _first(self, old: Version) -> tuple[_Drawable | None, list[Fault]]:
        """Return what the shop has opened with, whatever is wrong with a sample of it."""
        try:
            made = build(old, self._disk)
        except BuildError as wrong:
            return None, [wrong.fault]
        try:
            return (made, verify(made, made.content.library.specs), Touched()), []
        except BuildError as wrong:
            self._from_the_start = (wrong.fault,)
            return (made, build_renderer(made.content), Touched()), [wrong.fault]


def touched(changed: set[str], old: Version, new: Version) -> Touched:
    """Return what these files reach."""
    names = set(new.content.library.specs) | set(old.content.library.specs)
    new_names = set(new.content.library.specs)
    code = {name for name in changed if name.startswith("components/") and name.endswith(".py")}
    templates = [name.removeprefix("components/") for name in changed if name.endswith(".jinja")]
    users = drawn_with(templates, new.content.library.templates or {})
    stems = {name.removesuffix(".jinja") for name in users} & names
    own = {component_of(name, new.sources) for name in changed if not name.endswith(".css")}
    described = {component_of(name, new.sources) for name in code}
    if any(not component_of(name, new.sources) for name in code):
        own, described = own | names, described | names
    styles = {Path(name).stem for name in changed if name.endswith(".css")}
    pages = any("/" in name or name == "shell.jinja" for name in users)
    if any(name.startswith("locale/") for name in changed):
        own, pages = own | names, True
    return Touched(
        components=tuple(sorted((own | stems) & new_names)),
        styles=tuple(sorted(styles)),
        described=tuple(sorted(described - {""})),
        pages=bool(pages or styles or any(n.startswith("static/") for n in changed)),
        prompts=any(name.startswith("prompts/") for name in changed) or bool(described - {""}),
        library=_outline(old) != _outline(new),
    )


def _outline(version: Version) -> dict[str, list[str]]:
    """Return what the gallery lists: components and the names of their samples."""
    specs = version.content.library.specs.values()
    return {spec.name: [sample.name for sample in spec.samples] for spec in specs}


def group_of(file: str, newer: set[str], sources: Sources) -> set[str]:
    """Return the newer files that must be left out together with a wrong one."""
    component = component_of(file, sources) or Path(file).name.partition(".")[0]
    if file.startswith("components/") and Path(file).parent == Path("components"):
        return {
            name
            for name in newer
            if Path(name).parent == Path("components")
            and Path(name).name.partition(".")[0] == component
        }
    return {file} & newer
