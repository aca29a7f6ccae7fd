"""Static files from memory: hashed names, cached for good, gzipped once; and shops' pictures."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from starlette.types import Receive, Scope, Send

from app.domain.catalog import Shop
from app.web.context import AppContext
from app.web.headers import file_headers
from app.web.responses import Body, Response, send_response

_TYPES = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".png": b"image/png",
    ".jpg": b"image/jpeg",
    ".jpeg": b"image/jpeg",
    ".webp": b"image/webp",
    ".avif": b"image/avif",
    ".gif": b"image/gif",
}
_TEXT = {".css", ".js", ".svg"}
_FOREVER = (b"cache-control", b"public, max-age=31536000, immutable")
_FOR_NOW = (b"cache-control", b"public, no-cache")
_A_DAY = (b"cache-control", b"public, max-age=86400")
_HASHED = re.compile(r"([a-z0-9-]+)\.([0-9a-f]{10})(\.[a-z0-9]+)")
_PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}")
_LARGEST_PICTURE = 8 * 1024 * 1024
_PICTURES_HELD = 8 * 1024 * 1024


class Assets(NamedTuple):
    """The files of static/ with the library's styles. `names` gives each its hashed address."""

    files: Mapping[str, Body]
    names: Mapping[str, str]
    digest: str


def load_assets(folder: Path, styles: str, shops: Iterable[Shop]) -> Assets:
    """Read static/; shop.css gets the components' styles and the shops' brands appended."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in _TYPES)
    return make_assets({path.name: path.read_bytes() for path in paths}, styles, shops)


def make_assets(read: Mapping[str, bytes], styles: str, shops: Iterable[Shop]) -> Assets:
    """Return the files of static/, read already, as `load_assets` does."""
    files = {}
    brands = [styles, *map(brand_css, shops)]
    for name, data in read.items():
        more = brands if name == "shop.css" else []
        files[name] = _body(
            Path(name).suffix, "\n".join([data.decode(), *more]).encode() if more else data
        )
    names = {name: f"/static/{_hashed(name, body.plain)}" for name, body in files.items()}
    digest = hashlib.sha256("\0".join(sorted(names.values())).encode()).hexdigest()[:16]
    return Assets(files, names, digest)


class Static:
    """GET /static/{name}. A hash that is not the current one gets the current file, uncached."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or 404."""
        asked = scope["path_params"]["name"]
        match = _HASHED.fullmatch(asked)
        name = f"{match.group(1)}{match.group(3)}" if match else ""
        body = self._assets.files.get(name)
        if body is None:
            await _missing(scope, send)
            return
        current = self._assets.names[name] == f"/static/{asked}"
        headers = [*file_headers(), (b"content-type", _TYPES[Path(name).suffix])]
        more = [_FOREVER if current else _FOR_NOW]
        await send_response(scope, send, Response(body, headers, more=more))


class Pictures:
    """GET /pictures/{shop}/{path}: a shop's own pictures, the latest asked for held in memory."""

    def __init__(self, web: AppContext, folders: Mapping[str, Path | None]) -> None:
        self._web = web
        self._folders = folders
        self._held: OrderedDict[Path, Body] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a picture, or 404."""
        folder = self._folders.get(scope["path_params"]["shop_id"])
        name = scope["path_params"]["path"]
        suffix = Path(name).suffix.lower()
        body = None
        if folder is not None and _PICTURE.fullmatch(name) and suffix in _TYPES:
            body = await self._read(folder, folder / name)
        if body is None:
            await _missing(scope, send)
            return
        headers = [*file_headers(), (b"content-type", _TYPES[suffix])]
        await send_response(scope, send, Response(body, headers, more=[_A_DAY]))

    async def _read(self, folder: Path, path: Path) -> Body | None:
        held = self._held.get(path)
        if held is not None:
            self._held.move_to_end(path)
            return held
        data = await asyncio.to_thread(_read_inside, folder, path)
        if data is None:
            return None
        return self._hold(path, _body(path.suffix.lower(), data))

    def _hold(self, path: Path, body: Body) -> Body:
        self._held[path] = body
        self._size += len(body.plain)
        while self._size > _PICTURES_HELD:
            self._size -= len(self._held.popitem(last=False)[1].plain)
        return body


def pictures_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures that are served from a folder, each with its name in the address."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.suffix.lower() in _TYPES and _PICTURE.fullmatch(name):
            data = _read_inside(folder, path)
            if data is not None:
                yield name, data


def _read_inside(folder: Path, path: Path) -> bytes | None:
    """Read a file that stands, links followed, inside the folder and is not too large."""
    try:
        real = path.resolve(strict=True)
        if not real.is_relative_to(folder.resolve()) or real.stat().st_size > _LARGEST_PICTURE:
            return None
        return real.read_bytes()
    except OSError:
        return None


def _body(suffix: str, data: bytes) -> Body:
    packed = gzip.compress(data, 9, mtime=0) if suffix in _TEXT else None
    etag = b'"%s"' % hashlib.sha256(data).hexdigest()[:20].encode()
    return Body(data, packed, etag)


def _hashed(name: str, data: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{suffix}"


def brand_css(shop: Shop) -> str:
    """Return a shop's brand as custom properties; the catalog has checked every value."""
    brand = shop.brand
    font = f" --brand-font: {brand.font_family};" if brand.font_family else ""
    return (
        f'[data-shop="{shop.id}"] {{ --brand-primary: {brand.primary_color}; '
        f"--brand-secondary: {brand.secondary_color};{font} }}"
    )


async def _missing(scope: Scope, send: Send) -> None:
    headers = [*file_headers(), (b"content-type", b"text/plain; charset=utf-8")]
    more = [(b"cache-control", b"no-store")]
    await send_response(scope, send, Response(Body(b"no such file\n"), headers, 404, more))
