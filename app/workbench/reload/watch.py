"""Watches the designer's folders and passes on what was saved, a moment after it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from app.workbench.reload.files import FOLDERS, name_of

logging.getLogger("watchfiles").setLevel(logging.WARNING)

_STEP = 10
_DEBOUNCE = 200
"""Milliseconds: a save is passed on after ten of quiet, a storm of them after two hundred."""


async def watch(root: Path, saved: Callable[[Iterable[Path]], Awaitable[None]]) -> None:
    """Call `saved` with the files of each save, for ever."""
    from watchfiles import awatch  # noqa: PLC0415 - only development has it installed

    folders = [root / folder for folder in FOLDERS if (root / folder).is_dir()]
    async for changes in awatch(
        *folders, step=_STEP, debounce=_DEBOUNCE, rust_timeout=5_000, stop_event=asyncio.Event()
    ):
        paths = {Path(path) for _, path in changes}
        sources = [path for path in paths if name_of(root, path) is not None]
        if sources:
            await saved(sources)
