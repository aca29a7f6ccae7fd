"""The files of static/ with the components' styles: hashed names, compressed once."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from app.content.components import check_style
from app.domain.catalog import Shop
from app.rendering.urls import BRAND, brand_file
from app.util.folders import regular
from app.util.http_body import Body, etag_of, zipped

MEDIA_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".jpg": b"image/jpeg",
    ".jpeg": b"image/jpeg",
    ".webp": b"image/webp",
    ".avif": b"image/avif",
    ".gif": b"image/gif",
    ".woff2": b"font/woff2",
    ".woff": b"font/woff",
    ".ico": b"image/x-icon",
    ".txt": b"text/plain; charset=utf-8",
    ".speculationrules": b"application/speculationrules+json",
}
_TEXT = {".css", ".js", ".svg", ".txt", ".speculationrules"}
_BEST_COMPRESSION = 9
_REFERENCE = re.compile(rb"""url\(\s*(["']?)([a-z0-9.-]+)\1\s*\)""")
PREFETCH_RULES = "products.speculationrules"
"""Names which pages browsers may fetch ahead of a click."""


class Assets(NamedTuple):
    """The files of static/ with the library's styles. `names` gives each its hashed address.

    Each shop's brand is a file of its own, and no part of `digest`: it is the shop's alone.
    """

    files: Mapping[str, Body]
    names: Mapping[str, str]
    digest: str

    def with_brands(self, shops: Iterable[Shop]) -> "Assets":
        """Return them with the brands of these shops, and no others."""
        files = {name: body for name, body in self.files.items() if not is_brand(name)}
        files |= {brand_file(shop.id): _body(".css", brand_css(shop).encode()) for shop in shops}
        return Assets(files, _addresses(files), self.digest)


def load_assets(folders: Iterable[Path], styles: str, shops: Iterable[Shop]) -> Assets:
    """Read static files, those of a later folder in place of an earlier one's.

    shop.css gets the components' styles appended.

    Raises:
        LibraryError: a style would swallow what is appended to it.
    """
    paths = {path.name: path for folder in folders for path in files_of(folder)}
    for path in paths.values():
        if path.suffix == ".css":
            check_style(path)
    contents = {name: regular(paths[name]).read_bytes() for name in sorted(paths)}
    return make_assets(contents, styles, shops)


def files_of(folder: Path) -> list[Path]:
    """Return the files of a folder that can be sent."""
    return [path for path in folder.glob("[!.]*") if path.suffix in MEDIA_TYPES]


def make_assets(files: Mapping[str, bytes], styles: str, shops: Iterable[Shop]) -> Assets:
    """Return the files of static/, read already, as `load_assets` does.

    Styles name others of these files as they lie beside them, a font by `url("serif.woff2")`.
    """
    addresses = {name: _address(name, data) for name, data in files.items() if not _is_style(name)}

    def addressed(found: re.Match[bytes]) -> bytes:
        address = addresses.get(found[2].decode())
        return f'url("{address}")'.encode() if address else found[0]

    sent = dict(files)
    for name in filter(_is_style, files):
        data = files[name] + f"\n{styles}".encode() if name == "shop.css" else files[name]
        sent[name] = _REFERENCE.sub(addressed, data)
    bodies = {name: _body(Path(name).suffix, data) for name, data in sent.items()}
    named = "\0".join(sorted(_addresses(bodies).values()))
    digest = hashlib.sha256(named.encode()).hexdigest()[:16]
    return Assets(bodies, {}, digest).with_brands(shops)


def is_brand(name: str) -> bool:
    """Say whether a name is that of a shop's brand, which no file of static/ should have."""
    return name.startswith(BRAND)


def _addresses(bodies: Mapping[str, Body]) -> dict[str, str]:
    return {name: _address(name, body.plain) for name, body in bodies.items()}


def _body(suffix: str, data: bytes) -> Body:
    """Return a file in the forms it is sent in; pictures are compressed already."""
    packed = zipped(data, _BEST_COMPRESSION).zipped if suffix in _TEXT else None
    return Body(data, packed, etag_of(data))


def brand_css(shop: Shop) -> str:
    """Return a shop's brand as custom properties; the catalog has checked every value."""
    brand = shop.brand
    font = f" --brand-font: {brand.font_family};" if brand.font_family else ""
    return (
        f'[data-shop="{shop.id}"] {{ --brand-primary: {brand.primary_color}; '
        f"--brand-secondary: {brand.secondary_color};{font} }}"
    )


def _is_style(name: str) -> bool:
    return name.endswith(".css")


def _address(name: str, data: bytes) -> str:
    """Return a file's address, which is another one once the file is."""
    stem, _, suffix = name.rpartition(".")
    return f"/static/{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{suffix}"
