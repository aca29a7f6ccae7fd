"""The designer's files at one moment: all read once, then those that change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.content.assets import MEDIA_TYPES
from app.util.folders import files_below

FOLDERS = ("components", "locale", "prompts", "static")
_READ = {".jinja", ".css", ".py", ".json", ".md", ".txt", ".js", ".po", ".svg"}
_BINARY = MEDIA_TYPES.keys() - _READ
_OURS = _READ | _BINARY
_LARGEST = 1024 * 1024


class Sources(NamedTuple):
    """Texts by their path below the root, such as `components/hero.jinja`.

    Of what is no text, such as a font in static/, `texts` has the size and when it changed.
    `unread` says why a file cannot be read; what was read of it before stays.
    """

    root: Path
    texts: Mapping[str, str]
    unread: Mapping[str, str] = {}

    def within(self, folder: str) -> dict[str, str]:
        """Return the texts of one folder by their names in it."""
        start = f"{folder}/"
        return {
            name.removeprefix(start): text
            for name, text in self.texts.items()
            if name.startswith(start)
        }

    def differing(self, other: Sources) -> set[str]:
        """Return the names of files that are not the same in both."""
        return {
            name
            for name in self.texts.keys() | other.texts.keys()
            if self.texts.get(name) != other.texts.get(name)
        }

    def taking(self, names: Iterable[str], other: Sources) -> Sources:
        """Return these with some files as the other has them, be it that it has none."""
        texts = dict(self.texts)
        for name in names:
            if name in other.texts:
                texts[name] = other.texts[name]
            else:
                texts.pop(name, None)
        return self._replace(texts=texts)


def read_sources(root: Path) -> Sources:
    """Read all files of the designer's folders."""
    return read_again(Sources(root, {}), ())


def read_again(sources: Sources, paths: Iterable[Path]) -> Sources:
    """Return the sources with these files as they are now, with all of them where none is named.

    One that is gone is left out.
    """
    root, texts, unread = sources.root, dict(sources.texts), dict(sources.unread)
    known = (root / name for name in (*texts, *unread))
    found = (path for folder in FOLDERS for path in files_below(root / folder, _OURS))
    for path in list(paths) or {*known, *found}:
        name = name_of(root, path)
        if name is None:
            continue
        unread.pop(name, None)
        try:
            texts[name] = _read(path)
        except FileNotFoundError:
            texts.pop(name, None)
        except (OSError, ValueError) as error:
            unread[name] = getattr(error, "strerror", None) or str(error)
    return Sources(root, texts, unread)


def name_of(root: Path, path: Path) -> str | None:
    """Return a file's name below the root if it is one of the designer's; never one elsewhere."""
    above, parts = path.parts[: len(root.parts)], path.parts[len(root.parts) :]
    if above != root.parts or not parts or path.suffix not in _OURS or "__pycache__" in parts:
        return None
    hidden = any(part.startswith(".") or not part.isprintable() for part in parts)
    elsewhere = parts[0] not in (("static",) if path.suffix in _BINARY else FOLDERS)
    return None if hidden or elsewhere else "/".join(parts)


def is_text(name: str) -> bool:
    """Say whether a file's text is what was read of it."""
    return Path(name).suffix in _READ


def _read(path: Path) -> str:
    """Return a plain file's text.

    Raises:
        OSError: there is none, or it cannot be read.
        ValueError: it is a link, too large, or no text.
    """
    if path.is_symlink():
        raise ValueError("is a link, which is never followed")
    if not path.is_file():
        raise FileNotFoundError
    if path.suffix in _BINARY:
        state = path.stat()
        return f"{state.st_size} bytes at {state.st_mtime_ns}"
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"is larger than {_LARGEST // 1024:,} KiB")
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ValueError(f"is no UTF-8 text in line {line}") from error
