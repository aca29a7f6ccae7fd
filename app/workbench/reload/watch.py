"""Watches the designer's folders and passes on what was saved, a moment after it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing, suppress
from pathlib import Path

from app.workbench.reload.files import FOLDERS, name_of

logging.getLogger("watchfiles").setLevel(logging.WARNING)

_STEP = 10
_DEBOUNCE = 200
"""Milliseconds: a save is passed on after ten of quiet, a storm of them after two hundred."""

_LOOK_AGAIN = 2_000
"""Milliseconds until it is seen that a folder has come that was not there."""


async def watch(root: Path, saved: Callable[[Iterable[Path]], Awaitable[None]]) -> None:
    """Call `saved` with the files of each save, for ever; with none where a folder is another."""
    from watchfiles import awatch  # noqa: PLC0415 - only development has it installed

    while True:
        folders = _folders(root)
        changes = awatch(
            *folders,
            step=_STEP,
            debounce=_DEBOUNCE,
            rust_timeout=_LOOK_AGAIN,
            yield_on_timeout=True,
            stop_event=asyncio.Event(),
        )
        with suppress(FileNotFoundError):  # a folder has gone before the watch was set
            async with aclosing(changes):
                async for change in changes:
                    paths = {Path(path) for _, path in change}
                    if paths & folders.keys() or _folders(root) != folders:
                        break
                    sources = [path for path in paths if name_of(root, path) is not None]
                    if sources:
                        await saved(sources)
        await saved(())


def _folders(root: Path) -> dict[Path, int]:
    """Return the folders that are there, and which each is: a watch ends with the one it is on."""
    found = {}
    for path in (root / folder for folder in FOLDERS):
        with suppress(OSError):
            found[path] = path.stat().st_ino
    return found
