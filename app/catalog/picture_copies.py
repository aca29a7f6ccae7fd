"""Copies of a shop's own pictures in the widths that screens need, where no service makes them.

`wandstore pictures` makes them with Pillow, which nothing else loads, in a folder beside the
pictures, which stay as they are. An index there says what there is, for who reads the catalog.
"""

from __future__ import annotations

import hashlib
import json
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from app.catalog.images import LOCAL, WIDTHS, copy_name, index_of, read_index

_KINDS = {".png", ".jpg", ".jpeg", ".webp", ".avif"}
_MOST_PIXELS = 50_000_000
"""Beyond these a picture may be a small file that fills memory."""

_MOST_BYTES = 64 * 1024 * 1024
_QUALITY = 80


class Copied(NamedTuple):
    """What became of a picture: `reason` says why it has no copies, where it has none."""

    name: str
    is_new: bool = False
    reason: str = ""


def make_copies(pictures: Path) -> Iterator[Copied]:
    """Make what copies are missing, yield what became of each picture, remove what is of none.

    Raises:
        ImportError: Pillow is not installed.
        OSError: nothing can be written there.
    """
    from PIL import Image  # noqa: PLC0415 - an extra, and for this command alone

    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    broken = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, EOFError)
    index_of(pictures).parent.mkdir(exist_ok=True)
    known, index = read_index(pictures), {}
    for path in sorted(pictures.rglob("*")):
        name = path.relative_to(pictures).as_posix()
        if not _is_picture(path, name, pictures):
            continue
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError(f"is larger than {_MOST_BYTES // 1024 // 1024} MiB")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            entry = known.get(name, {})
            is_new = entry.get("sha256") != digest or not all(
                (pictures / copy_name(name, width)).is_file() for width in entry["widths"]
            )
            if is_new:
                entry = {"sha256": digest, **_copy(path, pictures, name)}
        except (*bombs, *broken, struct.error) as error:
            yield Copied(name, reason=str(error) or type(error).__name__)
        else:
            index[name] = entry
            yield Copied(name, is_new=is_new)
    wanted = {copy_name(name, width) for name in index for width in index[name]["widths"]}
    for path in index_of(pictures).parent.rglob("*.webp"):
        if path.relative_to(pictures).as_posix() not in wanted:
            path.unlink()
    text = json.dumps({"version": 1, "pictures": index}, indent=1)
    _replace(index_of(pictures), text.encode())


def _is_picture(path: Path, name: str, pictures: Path) -> bool:
    """Say whether a feed may name it, and its copies have names under which they are served."""
    copy = copy_name(name, WIDTHS[-1])
    if path.suffix.lower() not in _KINDS or path.is_relative_to(index_of(pictures).parent):
        return False
    inside = path.resolve().is_relative_to(pictures.resolve())
    return inside and path.is_file() and LOCAL.fullmatch(f"{pictures.name}/{copy}") is not None


def _copy(path: Path, pictures: Path, name: str) -> dict[str, Any]:
    """Write the copies of a picture; return what the index says of it.

    Raises:
        OSError, ValueError and others: it cannot be read, or is too large.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415 - as above

    Image.MAX_IMAGE_PIXELS = _MOST_PIXELS
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path) as image:
            if getattr(image, "is_animated", False):
                raise ValueError("moves")
            upright = ImageOps.exif_transpose(image)
    full = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    widths = sorted({min(width, full.width) for width in WIDTHS})
    for width in widths:
        height = max(1, round(full.height * width / full.width))
        copy = full.resize((width, height), Image.Resampling.LANCZOS)
        target = pictures / copy_name(name, width)
        target.parent.mkdir(parents=True, exist_ok=True)
        # No metadata: where and with what a picture was taken is private.
        written = target.with_suffix(".part")
        copy.save(written, "WEBP", quality=_QUALITY, exif=b"", xmp=b"")
        written.replace(target)
    size = {"width": full.width, "height": full.height}
    return {"bytes": path.stat().st_size, **size, "widths": widths}


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that nobody reads half of it."""
    written = path.with_suffix(".part")
    written.write_bytes(data)
    written.replace(path)
