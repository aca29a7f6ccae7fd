"""A designer's desk: a copy of the shop's files, and the shop that serves them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Frame, Page

from tools.support import http
from tools.support.server import ROOT, Server

FOLDERS = ("components", "prompts", "static", "tests/recordings")
_TOKEN = re.compile(r'name="workbench-token" content="([^"]+)"')


def copy_of_the_files(place: Path) -> Path:
    """Copy what designers edit, and what the shop needs beside it."""
    for folder in {name.parent for name in _files()}:
        (place / folder).mkdir(parents=True, exist_ok=True)
    for name, content in _files().items():
        (place / name).write_bytes(content)
    return place


@cache
def _files() -> dict[Path, bytes]:
    """Return what is copied by its path below the root, read once however often it is copied."""
    paths = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))
    ours = (path for path in paths if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(ROOT): path.read_bytes() for path in ours}


@contextmanager
def put_back(root: Path) -> Iterator[Path]:
    """Have a copy of the files afterwards be as it was made."""
    yield root
    for path in root.rglob("*"):
        new = path.is_file() and path.relative_to(root) not in _files()
        if path.is_symlink() or (new and "__pycache__" not in path.parts):
            path.unlink()
    for name, content in _files().items():
        path = root / name
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


@dataclass
class Desk:
    """The files, the shop, and ways to change the one and ask the other."""

    root: Path
    server: Server

    @property
    def url(self) -> str:
        return f"{self.server.url}/design"

    def text(self, name: str) -> str:
        return (self.root / name).read_text()

    def save(self, name: str, text: str) -> None:
        """Save a file in one step: of one that is still written, half may be read and told of."""
        written = self.root / "written"
        written.write_text(text)
        written.replace(self.root / name)

    def edit(self, name: str, old: str, new: str) -> None:
        text = self.text(name)
        assert old in text
        self.save(name, text.replace(old, new))

    def get(self, path: str, **headers: str) -> httpx.Response:
        allowed = {"Cookie": self.server.workbench_cookie, **headers}
        return http.get(f"{self.url}{path}", headers=allowed, follow_redirects=True)

    def token(self) -> str:
        found = _TOKEN.search(self.get("/").text)
        assert found
        return found[1]

    def post(self, path: str, told: Any, **changes: str) -> httpx.Response:
        headers = {
            "Origin": self.server.url,
            "Sec-Fetch-Site": "same-origin",
            "X-Workbench-Token": self.token(),
            "Cookie": self.server.workbench_cookie,
            **{name.replace("_", "-"): value for name, value in changes.items()},
        }
        return http.post(f"{self.url}{path}", headers=headers, content=json.dumps(told))

    @contextmanager
    def saves(self) -> Iterator[Iterator[dict[str, Any]]]:
        """Listen for what is saved."""
        allowed = {"Cookie": self.server.workbench_cookie}
        with http.stream("GET", f"{self.url}/news", headers=allowed) as stream:
            lines = stream.iter_lines()
            assert next(lines) == ": open"
            yield _saves(lines)

    def store(self) -> str:
        return http.get(f"{self.server.url}/store").text


def _saves(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """Yield what is told; a heartbeat means that what was awaited does not come."""
    for line in lines:
        assert not line.startswith(": still here"), "nothing was told"
        if line.startswith("data: "):
            yield json.loads(line[6:])


@contextmanager
def a_desk(folder: Path, kind: type[Server] = Server, **environment: str) -> Iterator[Desk]:
    """Open a shop on a copy of the files."""
    root = copy_of_the_files(folder / "root")
    told = {
        "WANDSTORE_ROOT": str(root),
        "WANDSTORE_DESIGN": "1",
        "WANDSTORE_HOUSE_PACE": "0",
        **environment,
    }
    with kind(folder / "data", told) as server:
        yield Desk(root, server)


def until(frame: Page | Frame, true: str) -> None:
    """Wait until something is true in a page, whose policy lets nobody wait inside it."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if frame.evaluate(true):
            return
        (frame if isinstance(frame, Page) else frame.page).wait_for_timeout(50)
    raise AssertionError(f"never true: {true}")
