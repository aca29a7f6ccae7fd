"""Writes the published folder: all of it beside the old one, which it then replaces."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from app.catalog.images import image_hosts
from app.content.assets import PREFETCH_RULES
from app.content.discovery import root_file, root_names
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.pages.shells import build_shop_view
from app.pages.site import build_renderer
from app.prerender.manifest import goods_file, products_file, shop_file, shops_file
from app.prerender.pages import draw
from app.rendering.renderer import Renderer
from app.web.headers import page_headers
from app.web.static import pictures_in

FREE_FILES = 20_000
MOST_FILES = 100_000
"""Static files a Worker may have, on the free plan and on the paid ones (Cloudflare's limits)."""

INDEX = "shops.json"

File = tuple[str, bytes]


class CannotPublish(Exception):
    """The folder cannot be written or is not ours, or the catalog has too many pages."""


def publish(content: SiteContent, folder: Path) -> int:
    """Write everything into `folder`, replacing what was published there; return how many files.

    Raises:
        CannotPublish: the folder holds something else, or there are too many files.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise CannotPublish(f"{folder} holds something that was not published there")
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        written = _write_all(content, fresh)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except OSError as error:
        raise CannotPublish(f"{folder}: {error.strerror}") from error
    return written


def _write_all(content: SiteContent, folder: Path) -> int:
    written = 0
    for name, data in _files(content):
        written += 1
        if written > MOST_FILES:
            raise CannotPublish(f"the shops have more than {MOST_FILES} pages and pictures")
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return written


def _files(content: SiteContent) -> Iterator[File]:
    catalogs, assets = content.catalogs, content.assets
    yield INDEX, _json(shops_file(catalogs.shops, catalogs.default, assets))
    for name, body in assets.files.items():
        yield assets.names[name].removeprefix("/"), body.plain
    for name in root_names(content):
        found = root_file(name, content, datetime.now(UTC))
        if found is not None:
            yield f"root/{name.rpartition('/')[2]}", found
    renderer = build_renderer(content)
    for shop in catalogs.shops.values():
        yield from _shop_files(shop, content, renderer)


def _shop_files(shop: Shop, content: SiteContent, renderer: Renderer) -> Iterator[File]:
    headers = page_headers(image_hosts(shop), content.assets.names[PREFETCH_RULES])
    view = build_shop_view(shop, content, renderer, headers, moment=time.time())
    home, experiments = f"shops/{shop.id}", content.experiments.experiments
    yield f"{home}/shop.json", _json(shop_file(view, content.library, experiments))
    yield f"{home}/products.json", _json(products_file(shop))
    yield f"{home}/goods.json", _json(goods_file(shop))
    for drawing in draw(view, renderer):
        yield f"{home}/{drawing.name}", drawing.html.encode()
    pictures = content.catalogs.pictures[shop.id]
    if pictures is not None:
        for name, data in pictures_in(pictures):
            yield f"pictures/{shop.id}/{name}", data


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
