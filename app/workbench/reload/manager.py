"""The materials as they are now: always the last good ones, handed to the shop in one step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from app.content.site import SiteContent, build_renderer
from app.rendering.renderer import Renderer
from app.web.context import AppContext
from app.workbench.reload.broadcast import Broadcast
from app.workbench.reload.build import BuildError, Version, build, component_of
from app.workbench.reload.dependencies import Uses
from app.workbench.reload.errors import Fault
from app.workbench.reload.files import Sources, read_again, read_sources
from app.workbench.reload.verify import verify

TakeUp = Callable[[SiteContent, Renderer], AppContext]


class Touched(NamedTuple):
    """What a save reaches: components to draw again, and what stands beside them."""

    components: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    pages: bool = False
    prompts: bool = False
    library: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it for a browser."""
        return self._asdict()


class ContentReloader:
    """Holds the last good version and what is wrong with the files that are newer.

    A group of files that belong together is taken or left as a whole: while one component is
    broken, its last good version is drawn, and changes to the others go on being taken.
    """

    def __init__(self, materials: SiteContent, root: Path, take_up: TakeUp) -> None:
        self.news = Broadcast()
        self.faults: tuple[Fault, ...] = ()
        self.web: AppContext | None = None
        self._root = root
        self._take_up = take_up
        self._uses = Uses()
        self._disk = Sources(root, {})
        self._version = Version(0, self._disk, materials)
        self._renderer: Renderer | None = None
        self._turn = asyncio.Lock()
        self._ready = asyncio.Event()

    @property
    def version(self) -> Version:
        """The last good version."""
        return self._version

    @property
    def disk(self) -> Sources:
        """The files as they are on the disk, good or not."""
        return self._disk

    @property
    def renderer(self) -> Renderer:
        """Who draws with the last good version."""
        if self._renderer is None:
            raise RuntimeError("the workbench is not ready")
        return self._renderer

    async def ready(self) -> None:
        """Wait until the files have been read for the first time."""
        await self._ready.wait()

    async def begin(self) -> None:
        """Read everything for the first time and hand it to the shop."""
        async with self._turn:
            self._disk = await asyncio.to_thread(read_sources, self._root)
            await self._renew(self._disk.differing(self._version.sources), tell=False)
        self._ready.set()

    async def saved(self, paths: Iterable[Path]) -> None:
        """Take up what of these files can be used, and tell every window."""
        async with self._turn:
            before = self._disk
            self._disk = await asyncio.to_thread(read_again, before, paths)
            changed = self._disk.differing(before)
            if changed:
                await self._renew(changed, tell=True)

    async def _renew(self, changed: set[str], *, tell: bool) -> None:
        old = self._version
        made, renderer, faults = await asyncio.to_thread(self._best, old)
        same = {fault.as_json()["message"] for fault in faults} == {
            fault.as_json()["message"] for fault in self.faults
        }
        self.faults = tuple(faults)
        if made is not None and renderer is not None:
            taken = made.sources.differing(old.sources)
            self._version, self._renderer = made, renderer
            self.web = self._take_up(made.materials, renderer)
            if old.package is not None and old.package is not made.package:
                old.package.close()
            if tell:
                self._tell(touched(taken, old, made, self._uses))
                return
        if tell and (not same or changed):
            self._tell(Touched())

    def _tell(self, what: Touched) -> None:
        self.news.tell(
            {
                "version": self._version.number,
                "faults": [fault.as_json() for fault in self.faults],
                **what.as_json(),
            }
        )

    def _best(self, old: Version) -> tuple[Version | None, Renderer | None, list[Fault]]:
        """Return the newest version that can be drawn, without what is wrong; runs in a thread."""
        if old.package is None:
            return self._first(old)
        candidate, faults = self._disk, list[Fault]()
        while newer := candidate.differing(old.sources):
            try:
                made = build(old, candidate)
                drawn = touched(newer, old, made, self._uses)
                return made, verify(made, drawn.components), faults
            except BuildError as wrong:
                faults.append(wrong.fault)
                group = _group(wrong.fault.file, newer, candidate)
                candidate = candidate.taking(group or newer, old.sources)
        return None, None, faults

    def _first(self, old: Version) -> tuple[Version | None, Renderer | None, list[Fault]]:
        """Return what the shop has opened with, whatever is wrong with a sample of it."""
        try:
            made = build(old, self._disk)
        except BuildError as wrong:
            return None, None, [wrong.fault]
        try:
            return made, verify(made, made.materials.library.specs), []
        except BuildError as wrong:
            return made, build_renderer(made.materials), [wrong.fault]


def touched(changed: set[str], old: Version, new: Version, uses: Uses) -> Touched:
    """Return what these files reach."""
    names = set(new.materials.library.specs) | set(old.materials.library.specs)
    new_names = set(new.materials.library.specs)
    code = {name for name in changed if name.startswith("components/") and name.endswith(".py")}
    templates = [name.removeprefix("components/") for name in changed if name.endswith(".jinja")]
    users = uses.drawn_with(templates, new.materials.library.templates or {})
    stems = {name.removesuffix(".jinja") for name in users} & names
    own = {component_of(name, new.sources) for name in changed if not name.endswith(".css")}
    told = {component_of(name, new.sources) for name in code}
    if any(not component_of(name, new.sources) for name in code):
        own, told = own | names, told | names
    styles = {Path(name).stem for name in changed if name.endswith(".css")}
    pages = any("/" in name or name == "shell.jinja" for name in users)
    return Touched(
        components=tuple(sorted((own | stems) & new_names)),
        styles=tuple(sorted(styles)),
        told=tuple(sorted(told - {""})),
        pages=bool(pages or styles or any(n.startswith("static/") for n in changed)),
        prompts=any(name.startswith("prompts/") for name in changed) or bool(told - {""}),
        library=_outline(old) != _outline(new),
    )


def _outline(version: Version) -> dict[str, list[str]]:
    """Return what the gallery lists: components and the names of their samples."""
    specs = version.materials.library.specs.values()
    return {spec.name: [sample.name for sample in spec.samples] for spec in specs}


def _group(file: str, newer: set[str], sources: Sources) -> set[str]:
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
