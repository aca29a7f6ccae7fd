"""Reads large feeds in a process of their own, within bounds, and keeps them compiled."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, TextIO

from app.catalog.compiled import CompiledFeeds, Stamp
from app.catalog.feed import Feed
from app.catalog.feed_text import size_of
from app.catalog.load import Source, load_catalogs, read_sources, stamps
from app.catalog.problems import CatalogError
from app.catalog.stored_text import spool
from app.domain.catalog import FeedIssue
from app.util.memory import give_back, memory_left

log = logging.getLogger("wandstore.catalog")

_LARGE = 1024 * 1024
"""Bytes from which on reading is not done beside the shop; less is read before a process begins."""

_LONGEST = 900.0
_RESERVE = 16 * 1024 * 1024
"""Bytes that are left to the shop itself."""

_MIB = 1024 * 1024
_NO_ROOM, _NOT_KEPT, _TOO_LONG = 3, 4, 5
_BY_LINES = ".jsonl"
"""Feeds of which only the lines that have changed are read again."""

_LOOKS_EVERY = 1.0
_STACK = 256 * 1024

_BESIDE = Path(__file__).parents[2]
"""Where the new process finds this program."""


_WIDTH, _WHOLE = 40, 100


class Progress:
    """Shows on a terminal how much of each file has been read; elsewhere, which is read."""

    def __init__(self, target: TextIO) -> None:
        self._target = target
        self._shown: tuple[str, int] | None = None

    def __call__(self, file: Path, share: float) -> None:
        """Take how much of a file has been read, up to 1."""
        percent = int(share * _WHOLE) if self._target.isatty() else _WHOLE
        shown = (file.name, percent)
        if shown == self._shown:
            return
        self._shown = shown
        if self._target.isatty():
            bar = "#" * (percent * _WIDTH // _WHOLE)
            end = "\n" if percent == _WHOLE else ""
            self._target.write(f"\r{file.name} [{bar:<{_WIDTH}}] {percent:3} %{end}")
        else:
            self._target.write(f"reading {file.name}\n")
        self._target.flush()


class Importer:
    """Keeps what was read of feeds in `folder`. A feed read once is opened, until it changes.

    With `by_hand` it shows how far it has come, and what cannot be kept is an error.
    """

    def __init__(
        self,
        folder: Path,
        currency: str,
        *,
        large: int = _LARGE,
        longest: float = _LONGEST,
        memory: Callable[[], int | None] = memory_left,
        by_hand: bool = False,
    ) -> None:
        self._by_hand = by_hand
        self._compiled = CompiledFeeds(folder, currency)
        self._currency = currency
        self._large = large
        self._longest = longest
        self._memory = memory
        self._child: subprocess.Popen[str] | None = None
        self._is_over = False

    def sources(
        self,
        path: Path,
        shop_file: Path | None,
        known: Mapping[Path, Source],
        *,
        late: bool = False,
    ) -> Mapping[Path, Source]:
        """Return `known` with what has changed of a catalog since, as far as it is large.

        With `late` a feed may be as it was once, if there is a catalog of it that can be opened.

        Raises:
            CatalogError: it cannot be read within the time and memory there is.
            OSError: it cannot be kept, by hand.
        """
        try:
            found = stamps(path, shop_file)
        except CatalogError:
            return known  # and reading it says why
        changed = {
            file: stamp
            for file, stamp in found.items()
            if file not in known or known[file].outdated or not known[file].is_as(stamp)
        }
        kept = {file: None if late else stamp for file, stamp in changed.items()}
        wanted = [file for file, stamp in kept.items() if not self._compiled.has(file, stamp)]
        failed: Mapping[Path, Source] = {}
        if wanted and sum(map(_size_of, wanted)) >= self._large:
            read = self._read_apart(path, shop_file, wanted, known)
            failed = read or {}
            if read is not None:  # a file may have changed since, and is not read here for that
                kept |= dict.fromkeys(file for file in wanted if file not in failed)
        opened = {
            file: self._opened(file, changed[file], known.get(file))
            for file, stamp in kept.items()
            if self._compiled.has(file, stamp)
        }
        before = {
            file: source._replace(stamp=(), outdated=False) if source.outdated else source
            for file, source in known.items()
        }
        return {**before, **{file: source for file, source in opened.items() if source}, **failed}

    def check(self, path: Path, shop_file: Path | None) -> None:
        """Read a file that is to take the place of another, and keep it where it is large.

        Raises:
            CatalogError: it cannot be sold from.
        """
        is_large = size_of(path) >= self._large
        failed = self._read_apart(path, shop_file, [path], {}) if is_large else None
        if failed is None:
            load_catalogs(path, currency=self._currency, shop_file=shop_file)
            return
        for source in failed.values():
            raise source.error or CatalogError.of(path, "cannot be used")

    def stop(self) -> None:
        """End the process, where there is one, and whichever begins."""
        self._is_over = True
        if self._child is not None:
            self._child.kill()

    def _opened(self, file: Path, stamp: Stamp, earlier: Source | None) -> Source | None:
        """Return a feed as it is kept; with the feed of before, where memory cannot hold it."""

        def hold() -> None:
            left = self._memory()
            if left is not None and left < _RESERVE:
                raise CatalogError.of(
                    file, f"needs more memory than there is: {left // _MIB} MiB are left"
                )

        before = earlier.feed if earlier is not None else None
        try:
            kept = self._compiled.read(file, before, pause=hold)
        except CatalogError as error:
            if before is None:
                raise
            return Source(stamp, before, error)
        if kept is None:
            return None
        read_at, feed = kept
        return Source(stamp, feed, outdated=read_at != stamp)

    def _read_apart(
        self, path: Path, shop_file: Path | None, files: list[Path], known: Mapping[Path, Source]
    ) -> dict[Path, Source] | None:
        """Have files read by another process; return those that cannot be used, and why.

        None where that cannot be done: they are to be read beside the shop.
        """
        give_back()
        left = self._memory()
        room = None if left is None else max(left - _RESERVE, 0)
        by_hand, folder = self._by_hand, self._compiled.folder
        job = (path, shop_file, files, folder, self._currency, room, by_hand)
        try:
            ended, written, trouble = self._run(json.dumps(job, default=os.fspath))
        except OSError:
            return None
        if ended == _NOT_KEPT:
            if by_hand:
                raise OSError(written)
            log.warning("%s cannot be kept, and is read by the shop itself: %s", path, written)
            return None
        if ended in (_NO_ROOM, -signal.SIGABRT):  # as Python ends that has no memory to raise in
            raise CatalogError.of(
                path, f"needs more memory than the {(room or 0) // _MIB} MiB that are left"
            )
        if ended:
            raise CatalogError.of(path, f"could not be read: the process for it {trouble}")
        problems_of = {Path(file): why for file, why in json.loads(written).items()}
        return {
            file: Source(
                tuple(stamp),
                known[file].feed if file in known else None,
                CatalogError(file, tuple(FeedIssue(*problem) for problem in problems)),
            )
            for file, (stamp, problems) in problems_of.items()
        }

    def _run(self, job: str) -> tuple[int, str, str]:
        """Return how the process ended, what it has written, and what is to be said of its end."""
        with subprocess.Popen(  # noqa: S603 - ourselves, and what to read comes by a pipe
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if self._by_hand else subprocess.PIPE,
            text=True,
            cwd=_BESIDE,
        ) as self._child:
            if self._is_over:
                self._child.kill()
            try:
                written, trouble = self._child.communicate(job, self._longest)
            except subprocess.TimeoutExpired:
                self._child.kill()
                return _TOO_LONG, "", f"took longer than {self._longest:g} s"
        ended = self._child.returncode
        if ended < 0:
            return ended, "", f"was ended by {signal.Signals(-ended).name}"
        last = (trouble or "").strip().rpartition("\n")[2]
        return ended, written, f"failed: {last}"


def main() -> int:
    """Read and keep the feeds that standard input names, and write which cannot be used."""
    catalog, beside, files, folder, currency, memory, by_hand = json.load(sys.stdin)
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # where it reaches the shop as well, that says so
    threading.stack_size(_STACK)  # of the usual 8 MiB nothing is used, and all of it is counted
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    path, shop_file = Path(catalog), Path(beside) if beside else None
    compiled, wanted = CompiledFeeds(Path(folder), currency), {*map(Path, files)}
    failed: dict[str, Any] = {}
    try:
        found = stamps(path, shop_file)
        known = {
            file: Source(() if file in wanted else stamp, _earlier(file, compiled, wanted))
            for file, stamp in found.items()
        }
        with spool(compiled.folder) as keep:
            read = read_sources(
                path,
                currency=currency,
                known=known,
                shop_file=shop_file,
                keep_text=keep,
                progress=Progress(sys.stderr) if by_hand else lambda *_: None,
            )
            for file, source in read:
                if file in wanted and source.error is not None:
                    failed[os.fspath(file)] = (source.stamp, source.error.problems)
                elif file in wanted and source.feed is not None:
                    compiled.write(file, source.stamp, source.feed)
                del source  # or it would be held while the next is read
        compiled.sweep(found)
    except MemoryError:
        return _NO_ROOM
    except OSError as error:
        sys.stdout.write(f"{error}")
        return _NOT_KEPT
    json.dump(failed, sys.stdout)
    return 0


def _size_of(file: Path) -> int:
    """Return how large a file is; nothing where it cannot be read: reading it says why."""
    try:
        return size_of(file)
    except OSError:
        return 0


def _earlier(file: Path, compiled: CompiledFeeds, wanted: Collection[Path]) -> Feed | None:
    """Return what a feed was, with its products where they need not be read again."""
    if file not in wanted:
        return None
    kept = compiled.read(file) if file.suffix == _BY_LINES else None
    return kept[1] if kept is not None else compiled.bare(file)


def _end_with(parent: int) -> None:
    """End when the shop does: whoever opens it again begins anew."""
    while os.getppid() == parent:
        time.sleep(_LOOKS_EVERY)
    os._exit(_NOT_KEPT)


if __name__ == "__main__":
    sys.exit(main())
