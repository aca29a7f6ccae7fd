"""Static files from memory: hashed names, cached for good, gzipped once; and shops' pictures."""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from starlette.types import Receive, Scope, Send

from app.content.assets import MEDIA_TYPES, asset_body
from app.pages.site import LiveSite
from app.util.http_body import Body
from app.web.headers import FILE_HEADERS
from app.web.responses import Response, send_response

FOREVER = b"public, max-age=31536000, immutable"
FOR_NOW = b"public, no-cache"
A_DAY = b"public, max-age=86400"
HASHED = re.compile(r"^([a-z0-9-]+)\.[0-9a-f]{10}(\.[a-z0-9]+)$")
PICTURE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}$")
_LARGEST_PICTURE = 8 * 1024 * 1024
_PICTURES_HELD = 8 * 1024 * 1024


class Static:
    """GET /static/{name}. A hash that is not the current one gets the current file, uncached."""

    def __init__(self, site: LiveSite) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file, or 404."""
        assets = self._site.current.content.assets
        hashed = scope["path_params"]["name"]
        match = HASHED.fullmatch(hashed)
        name = f"{match.group(1)}{match.group(2)}" if match else ""
        body = assets.files.get(name)
        if body is None:
            await _missing(scope, send)
            return
        is_current = assets.names[name] == f"/static/{hashed}"
        headers = [*FILE_HEADERS, (b"content-type", MEDIA_TYPES[Path(name).suffix])]
        caching = [(b"cache-control", FOREVER if is_current else FOR_NOW)]
        await send_response(scope, send, Response(body, headers, extra_headers=caching))


class Pictures:
    """GET /pictures/{shop}/{path}: a shop's own pictures, the latest asked for held in memory."""

    def __init__(self, site: LiveSite) -> None:
        self._site = site
        self._held: OrderedDict[Path, Body] = OrderedDict()
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a picture, or 404."""
        folders = self._site.current.content.catalogs.pictures
        folder = folders.get(scope["path_params"]["shop_id"])
        name = scope["path_params"]["path"]
        suffix = Path(name).suffix.lower()
        body = None
        if folder is not None and PICTURE.fullmatch(name) and suffix in MEDIA_TYPES:
            body = await self._read(folder, folder / name)
        if body is None:
            await _missing(scope, send)
            return
        headers = [*FILE_HEADERS, (b"content-type", MEDIA_TYPES[suffix])]
        caching = [(b"cache-control", A_DAY)]
        await send_response(scope, send, Response(body, headers, extra_headers=caching))

    async def _read(self, folder: Path, path: Path) -> Body | None:
        held = self._held.get(path)
        if held is not None:
            self._held.move_to_end(path)
            return held
        data = await asyncio.to_thread(_read_inside, folder, path)
        if data is None:
            return None
        return self._hold(path, asset_body(path.suffix.lower(), data))

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
        if path.suffix.lower() in MEDIA_TYPES and PICTURE.fullmatch(name):
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


async def _missing(scope: Scope, send: Send) -> None:
    headers = [*FILE_HEADERS, (b"content-type", b"text/plain; charset=utf-8")]
    caching = [(b"cache-control", b"no-store")]
    await send_response(scope, send, Response(Body(b"no such file\n"), headers, 404, caching))
