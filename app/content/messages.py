"""The words of the pages: message catalogs in `locale/`, a folder a language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

CATALOG = "LC_MESSAGES/shop.po"


def read_catalogs(folder: Path) -> dict[str, str]:
    """Read a folder's catalogs by language; what is no UTF-8 is read as far as it is."""
    paths = folder.glob(f"*/{CATALOG}")
    return {path.parts[-3]: path.read_text("utf-8", "replace") for path in paths}


def merged(catalogs: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Return the texts of each language, the last first: what it does not say, the next may."""
    texts: dict[str, list[str]] = {}
    for catalog in catalogs:
        for language, text in catalog.items():
            texts.setdefault(language, []).insert(0, text)
    return texts
