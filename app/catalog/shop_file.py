"""Reads the file beside a feed with its shop's name, colours and language, which few feeds have."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from app.catalog.json_feed import read_fields
from app.util.folders import regular

_NAME = "shop.json"
_LARGEST = 64 * 1024


def shop_files(feed: Path) -> tuple[Path, Path]:
    """Return where a feed's shop may be described: for it alone, and for whatever is there."""
    return feed.with_name(f"{feed.stem}.{_NAME}"), feed.with_name(_NAME)


def is_shop_file(path: Path) -> bool:
    """Say whether a file says whose a feed is, and sells nothing itself."""
    if path.name.endswith(f".{_NAME}"):
        return True
    with suppress(OSError):
        small = path.name == _NAME and path.stat().st_size <= _LARGEST
        return small and b'"products"' not in regular(path).read_bytes()
    return False


def read_about(feed: Path, elsewhere: Path | None, *, alone: bool) -> Mapping[str, object]:
    """Return what is said of a feed's shop, nothing where there is no file for it.

    shop.json speaks for a feed that is `alone` in its folder, a file `elsewhere` for one beside
    which there is none.

    Raises:
        CatalogError: the file is no JSON object.
    """
    own, shared = shop_files(feed)
    if own.is_file():
        return read_fields(own)
    if alone and feed != shared and is_shop_file(shared):
        return read_fields(shared)
    return read_fields(elsewhere) if elsewhere is not None and is_shop_file(elsewhere) else {}
