"""Pictures of states: taken by a browser, accepted by a designer, kept with the components."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.workbench.checks.screenshots import COOKIE
from app.workbench.responses import BadRequest
from app.workbench.safe_write import write

ACCEPTED = "components/pictures"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}\.[a-z][a-z0-9-]{0,39}\.\d{3,4}\.(?:light|dark)\.png")
_HOME = Path(__file__).resolve().parents[3]
_PATIENCE = 600.0
_LONGEST_WORDS = 600


class Pictures:
    """Takes pictures into a folder of the shop's data, and accepts them into components/."""

    def __init__(self, root: Path, data: Path) -> None:
        self._root = root
        self._folders = {"taken": data / "design" / "pictures", "accepted": root / ACCEPTED}
        self._turn = asyncio.Lock()

    def names(self, which: str) -> list[str]:
        """Return the names of the pictures that are `taken`, or `accepted`."""
        found = self._folders[which].glob("*.png")
        return sorted(path.name for path in found if _NAME.fullmatch(path.name))

    def path(self, which: str, name: str) -> Path:
        """Return where a picture is.

        Raises:
            BadRequest: the name is none of a picture's.
        """
        if not _NAME.fullmatch(name) or which not in self._folders:
            raise BadRequest("there is no such picture")
        return self._folders[which] / name

    def accept(self, name: str) -> None:
        """Keep a taken picture as what the state is to look like.

        Raises:
            BadRequest: no such picture has been taken.
            NotWritten: it could not be kept.
        """
        path = self.path("taken", name)
        if path.is_symlink() or not path.is_file():
            raise BadRequest("take the picture first")
        write(self._root, f"{ACCEPTED}/{name}", path.read_bytes())

    async def take(self, url: str, states: Sequence[Mapping[str, str]], cookie: str) -> str:
        """Take pictures of these states; return what to say about it.

        The browser that takes them is let in with a cookie of who asks for them.

        Raises:
            BadRequest: there is no browser to take them with, or it failed.
        """
        async with self._turn:
            taken = self._folders["taken"]
            taken.mkdir(parents=True, exist_ok=True)
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "app.workbench.checks.screenshots"),
                *(url, str(taken), json.dumps(states)),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                cwd=_HOME,
                env={**os.environ, COOKIE: cookie},
            )
            try:
                async with asyncio.timeout(_PATIENCE):
                    said, _ = await process.communicate()
            except TimeoutError:
                raise BadRequest("taking pictures took too long") from None
            finally:
                with suppress(ProcessLookupError):
                    process.kill()
        words = said.decode(errors="replace").strip()
        if process.returncode:
            raise BadRequest(words[-_LONGEST_WORDS:] or "the browser failed")
        return words.splitlines()[-1] if words else ""
