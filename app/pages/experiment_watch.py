"""Experiments that change on the disk, taken up while the shop is open; a bad file is not."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from app.content.experiments import FILE_NAME, ExperimentFile, read_experiments
from app.content.site import SiteContent
from app.generation.generator import Generator
from app.pages.arms import Arms
from app.pages.site import LiveSite
from app.rendering.renderer import Renderer
from app.settings import Settings

log = logging.getLogger("wandstore.experiments")

Stamps = Mapping[Path, tuple[int, int]]
"""Files with their times and sizes."""


class ExperimentWatch:
    """Looks every so often at `experiments.toml` and the prompts of its arms.

    A file that is being written is left until two looks in a row have found it the same. What is
    wrong with one is among the problems of the site's experiments, which go on as they were.
    `counts` tells how often a file was taken up, and how often one was not. `build` returns the
    generators of the arms.
    """

    def __init__(
        self,
        site: LiveSite,
        settings: Settings,
        arms: Arms,
        build: Callable[[SiteContent, Renderer], Mapping[str, Generator]],
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._site = site
        self._root = settings.root
        self._poll = settings.catalog_poll
        self._arms = arms
        self._build = build
        self._read = self._seen = _stamps(self._root, self._folders())

    async def run(self) -> None:
        """Look for changes, for ever; not at all where there are no seconds between two looks."""
        _log_problems(self._site.current.content.experiments)
        while self._poll:
            await asyncio.sleep(self._poll)
            await self.look()

    async def look(self) -> None:
        """Take up the experiments if their files have changed, and are as the last look found them.

        Where anything is wrong with them none of it is: an experiment that a slip of the pen ends
        would have its shoppers change arms.
        """
        found = await asyncio.to_thread(_stamps, self._root, self._folders())
        seen, self._seen = self._seen, found
        if found == self._read or found != seen:
            return
        self._read = found
        file = await asyncio.to_thread(read_experiments, self._root)
        site = self._site.current
        if file.problems:
            self.counts["refused"] += 1
            last = site.content.experiments._replace(problems=file.problems)
            self._site.current = site._replace(content=site.content._replace(experiments=last))
            _log_problems(file)
            log.error("%s: the experiments go on as they were", FILE_NAME)
            return
        content = site.content._replace(experiments=file)
        arms = self._build(content, site.renderer)
        self._site.current = site._replace(content=content, arms=arms)
        await self._arms.take_up(file.experiments)
        now = await asyncio.to_thread(_stamps, self._root, self._folders())
        self._read = self._seen = {path: found.get(path, stamp) for path, stamp in now.items()}
        self.counts["taken"] += 1
        names = [item.name for item in file.experiments.running]
        log.info({"event": "experiments", "running": names})

    def _folders(self) -> Iterable[str]:
        return self._site.current.content.experiments.prompts


def _stamps(root: Path, folders: Iterable[str]) -> Stamps:
    """Return by what it is seen that experiments or the prompts of their arms have changed."""
    inside = (path for folder in folders for path in (root / folder).rglob("*"))
    stamps = {}
    for path in (root / FILE_NAME, *inside):
        try:
            found = path.stat()
        except OSError:
            continue
        stamps[path] = (found.st_mtime_ns, found.st_size)
    return stamps


def _log_problems(file: ExperimentFile) -> None:
    for problem in file.problems:
        log.warning("%s, line %d: %s", problem.file, problem.line, problem.reason)
