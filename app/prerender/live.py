"""Updates the files that the Worker serves while the shop is open."""

from __future__ import annotations

import asyncio
import gzip
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from app.catalog.load import Catalogs
from app.content.site import SiteContent
from app.pages.site import build_renderer
from app.prerender.keys import digest, release_of
from app.prerender.output import OF_GOODS, root_files, shop_files
from app.prerender.pages import File
from app.storage.errors import InvalidPair, StorageError
from app.storage.ports import EdgeFiles

log = logging.getLogger("wandstore.edge")

_AGAIN = 5.0
"""Seconds after a failure."""


_COMPRESSION = 6


class Changed(NamedTuple):
    """A file by its name and key, as it is now, with gzip; no data where it is gone."""

    name: str
    key: str
    data: bytes | None


class EdgeUpdate:
    """Puts the files of shops whose goods have changed to the edge; `counts` says how many.

    `content` gives the shops as they are now. What was published by another release is left alone:
    its pages may look otherwise.
    """

    def __init__(
        self, content: Callable[[], SiteContent], files: EdgeFiles, seconds: float
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._content = content
        self._files = files
        self._seconds = seconds
        self._reason = ""

    async def run(self) -> None:
        """Look every so often whether there are other goods; once where nobody looks for them."""
        done: Catalogs | None = None
        while True:
            content, pause = self._content(), self._seconds
            if content.catalogs is not done:
                try:
                    await self._bring(content)
                    done = content.catalogs
                except StorageError as error:
                    self.counts["failed"] += 1
                    self._say(str(error))
                    pause = _AGAIN
            if not pause:
                return
            await asyncio.sleep(pause)

    async def _bring(self, content: SiteContent) -> None:
        release, keys = await self._files.known()
        if release != await asyncio.to_thread(release_of, content):
            self.counts["other_release"] += 1
            self._say("another release was published")
            return
        changed = _changed(content, keys)
        while (file := await asyncio.to_thread(next, changed, None)) is not None:
            try:
                await self._files.put(*file)
            except InvalidPair:  # and the others are of use without it
                self.counts["refused"] += 1
                log.warning("the edge keeps an older %s: what it is now is too large", file.name)
            else:
                self.counts["put" if file.data is not None else "removed"] += 1
        self._reason = ""

    def _say(self, reason: str) -> None:
        """Log once why the edge is not up to date."""
        if reason != self._reason:
            log.warning("the edge is not up to date: %s", reason)
        self._reason = reason


def _changed(content: SiteContent, keys: Mapping[str, str]) -> Iterator[Changed]:
    """Yield what differs from what is known by these keys.

    What is said of a shop as a whole comes last: until then its pages are not taken for complete.
    """
    renderer, last = build_renderer(content), []
    for shop in content.catalogs.shops.values():
        files = shop_files(shop, content, renderer)
        whole = next(files)
        about = whole.make()
        if keys.get(whole.name) != digest(about):
            yield from _differing(files, whole.name.removesuffix("shop.json"), keys, whole.name)
            last.append(Changed(whole.name, digest(about), _packed(about)))
    if last:
        found = (file for file in root_files(content) if file.name.startswith(OF_GOODS))
        yield from _differing(found, OF_GOODS, keys)
    yield from last


def _differing(
    files: Iterable[File], folder: str | tuple[str, ...], keys: Mapping[str, str], *others: str
) -> Iterator[Changed]:
    """Yield which of a folder's files differ, and which are gone but for `others`."""
    names = {*others}
    for file in files:
        names.add(file.name)
        if file.key and file.key == keys.get(file.name):
            continue
        data = file.make()
        key = file.key or digest(data)
        if key != keys.get(file.name):
            yield Changed(file.name, key, _packed(data))
    for name in keys:
        if name.startswith(folder) and name not in names and keys[name]:
            yield Changed(name, "", None)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, _COMPRESSION, mtime=0)
