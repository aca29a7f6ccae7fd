"""Writes a designer's file: below three folders only, never through a link, whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from app.util.errors import OperatorError

RECORDINGS = "tests/recordings"
_FOLDERS = ("components", "prompts", RECORDINGS)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_ENDINGS = (".json", ".txt", ".jinja", ".css", ".py", ".md", ".png")
_LARGEST = 8 * 1024 * 1024


class NotWritten(OperatorError):
    """A file may not be written, or could not be; the message says why and names it."""


class Overtaken(NotWritten):
    """A file is not what it was when the change was made to it: it would be lost."""


def place(root: Path, name: str) -> Path:
    """Return where a file of this name may be written.

    Raises:
        NotWritten: it is not below a folder of the designer's, or something on the way is a link.
    """
    folder = next((item for item in _FOLDERS if name.startswith(f"{item}/")), None)
    parts = name.split("/")
    if folder is None or not all(map(_NAME.fullmatch, parts)) or not name.endswith(_ENDINGS):
        raise NotWritten(f"{name}: not a place for a designer's file")
    path = root
    for part in parts:
        path = path / part
        if path.is_symlink():
            raise NotWritten(f"{name}: {part} is a link")
    if path.is_dir():
        raise NotWritten(f"{name}: is a folder")
    return path


def write(
    root: Path, name: str, content: bytes, *, fresh: bool = False, instead_of: bytes | None = None
) -> None:
    """Write a file in one step; `fresh` refuses to replace one, `instead_of` any other content.

    Raises:
        Overtaken: there is something else there by now.
        NotWritten: it may not be written, or the disk did not take it.
    """
    path = place(root, name)
    if len(content) > _LARGEST:
        raise NotWritten(f"{name}: too large")
    if fresh and path.exists():
        raise NotWritten(f"{name}: there is one already")
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):  # a file that several may change stays one
            shutil.copymode(path, beside)
        if instead_of is not None and path.read_bytes() != instead_of:
            beside.unlink()
            raise Overtaken(f"{name}: has been changed meanwhile")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise NotWritten(f"{name}: {error.strerror}") from error
