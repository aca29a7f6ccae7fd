"""The designer's files as they stood at one moment: read whole, then where they changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

FOLDERS = ("components", "locale", "prompts", "static")
_READ = {".jinja", ".css", ".py", ".json", ".md", ".txt", ".js", ".po", ".svg"}
_LARGEST = 1024 * 1024


class Sources(NamedTuple):
    """Texts by their path below the root, such as `components/hero.jinja`."""

    root: Path
    texts: Mapping[str, str]

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
        return Sources(self.root, texts)


def read_sources(root: Path) -> Sources:
    """Read all files of the designer's folders."""
    paths = (path for folder in FOLDERS for path in (root / folder).rglob("*"))
    return read_again(Sources(root, {}), paths)


def read_again(sources: Sources, paths: Iterable[Path]) -> Sources:
    """Return the sources with these files as they are now; one that is gone is left out."""
    texts = dict(sources.texts)
    for path in paths:
        name = name_of(sources.root, path)
        if name is None:
            continue
        text = _read(path)
        if text is None:
            texts.pop(name, None)
        else:
            texts[name] = text
    return Sources(sources.root, texts)


def name_of(root: Path, path: Path) -> str | None:
    """Return a file's name below the root if it is one of the designer's; never one elsewhere."""
    if path.suffix not in _READ or "__pycache__" in path.parts:
        return None
    try:
        name = path.relative_to(root)
    except ValueError:
        return None
    hidden = any(part.startswith(".") for part in name.parts)
    return None if hidden or name.parts[0] not in FOLDERS else name.as_posix()


def _read(path: Path) -> str | None:
    """Return a plain file's text; None for what is gone, a link, too large, or no text."""
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return None
