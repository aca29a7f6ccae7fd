"""Static files from memory: hashed names, cached for good, gzipped once; pictures from disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from os import stat_result
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from app.content.assets import MEDIA_TYPES
from app.pages.site import LiveSite
from app.web.headers import FILE_HEADERS
from app.web.responses import Response, send_response, send_text

FOREVER = b"public, max-age=31536000, immutable"
FOR_NOW = b"public, no-cache"
A_DAY = b"public, max-age=86400"
HASHED = re.compile(r"^([a-z0-9-]+)\.[0-9a-f]{10}(\.[a-z0-9]+)$")
PICTURE = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,99}){0,3}$")
_LARGEST_PICTURE = 8 * 1024 * 1024


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
            await send_text(scope, send, "no such file", 404)
            return
        is_current = assets.names[name] == f"/static/{hashed}"
        headers = [*FILE_HEADERS, (b"content-type", MEDIA_TYPES[Path(name).suffix])]
        caching = [(b"cache-control", FOREVER if is_current else FOR_NOW)]
        await send_response(scope, send, Response(body, headers, extra_headers=caching))


class Pictures:
    """GET /pictures/{shop}/{path}: a shop's own pictures."""

    def __init__(self, site: LiveSite) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a picture, or 404."""
        folders = self._site.current.content.catalogs.pictures
        folder = folders.get(scope["path_params"]["shop_id"])
        name = scope["path_params"]["path"]
        if folder is None or not _is_picture(name):
            await send_text(scope, send, "no such file", 404)
            return
        try:
            response = await _PictureFiles(folder).get_response(name, scope)
        except (HTTPException, OSError):
            await send_text(scope, send, "no such file", 404)
            return
        media_type = MEDIA_TYPES[Path(name).suffix.lower()]
        extra_headers = [(b"content-type", media_type), (b"cache-control", A_DAY)]
        for header, value in [*FILE_HEADERS, *extra_headers]:
            response.headers[header.decode()] = value.decode()
        await response(scope, receive, send)


class _PictureFiles(StaticFiles):
    """The pictures of a folder: links are followed inside it, and none is too large."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)

    def lookup_path(self, path: str) -> tuple[str, stat_result | None]:
        """Return where a picture is, and nothing where it may not be served."""
        place, found = super().lookup_path(path)
        is_served = found is not None and found.st_size <= _LARGEST_PICTURE
        return (place, found) if is_served else ("", None)


def pictures_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the pictures that are served from a folder, each with its name in the address."""
    files = _PictureFiles(folder)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not _is_picture(name):
            continue
        try:
            place, found = files.lookup_path(name)
            if found is not None:
                yield name, Path(place).read_bytes()
        except OSError:
            continue


def _is_picture(name: str) -> bool:
    media_type = MEDIA_TYPES.get(Path(name).suffix.lower(), b"")
    return PICTURE.fullmatch(name) is not None and media_type.startswith(b"image/")
