"""Writes the published folder, taking over the pages of the last one that have not changed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from app.catalog.images import image_hosts
from app.catalog.merchandising import changes
from app.content.assets import MEDIA_TYPES, PREFETCH_RULES
from app.content.discovery import root_file, root_names
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.pages.shells import ShopView, build_shop_view, steered_view
from app.pages.site import build_renderer
from app.prerender.keys import PageKeys, digest, release_of
from app.prerender.manifest import goods_file, products_file, shop_file, shops_file
from app.prerender.pages import File, drawings, store_pages
from app.rendering.renderer import Renderer
from app.util.errors import OperatorError
from app.web.headers import FILE_HEADERS, page_headers
from app.web.static import A_DAY, FOREVER, pictures_in

FREE_FILES = 20_000
MOST_FILES = 100_000
"""Static files a Worker may have, on the free plan and on the paid ones (Cloudflare's limits)."""

_MOST_MOMENTS = 50
"""Moments ahead, at which merchant's rules begin or end, whose store pages are published now."""

INDEX = "shops.json"

KEYS = "shops/keys.json"
"""Has the key of each file that changes: what it was drawn from, else the digest of its bytes."""

OF_GOODS = ("root/sitemap", "root/llms")
"""How names of files at the root begin that name goods or categories."""

HEADERS = "_headers"
"""Has the headers of what Cloudflare serves by itself; nobody is served this file."""


class Published(NamedTuple):
    """How many files there are, and how many of them were made anew."""

    files: int
    made: int


class CannotPublish(OperatorError):
    """The folder cannot be written or is not ours, or the catalog has too many pages."""


def publish(content: SiteContent, folder: Path) -> Published:
    """Write everything into `folder`, replacing what was published there.

    Raises:
        CannotPublish: the folder holds something else, or there are too many files.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / INDEX).is_file():
        raise CannotPublish(f"{folder} holds something that was not published there")
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        published = _write_all(content, fresh, folder)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    except OSError as error:
        raise CannotPublish(f"{folder}: {error.strerror}") from error
    return published


def _remembered(memory: Path) -> Mapping[str, str]:
    try:
        found = json.loads(memory.read_bytes())["keys"]
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_all(content: SiteContent, folder: Path, earlier: Path) -> Published:
    """Write the files, of which those that stay are handed over, and put down their keys."""
    known_keys = _remembered(earlier / KEYS)
    written = made = 0
    keys: dict[str, str] = {}
    for file in _files(content):
        written += 1
        if written > MOST_FILES:
            raise CannotPublish(f"the shops have more than {MOST_FILES} pages and pictures")
        path = folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        stays = bool(file.key) and known_keys.get(file.name) == file.key
        if stays:
            with suppress(OSError):
                os.link(earlier / file.name, path)
        if not (stays and path.is_file()):
            path.write_bytes(file.make())
            made += 1
        if file.name.startswith(("shops/", *OF_GOODS)):
            keys[file.name] = file.key or digest(path.read_bytes())
    known = _json({"release": release_of(content), "keys": keys})
    (folder / KEYS).write_bytes(known)
    catalogs = content.catalogs
    index = shops_file(catalogs.shops, catalogs.default, content.assets, digest(known))
    (folder / INDEX).write_bytes(_json(index))
    return Published(written + 2, made + 2)


def _files(content: SiteContent) -> Iterator[File]:
    assets = content.assets
    yield _now(HEADERS, _headers())
    for name, body in assets.files.items():
        yield _now(assets.names[name].removeprefix("/"), body.plain)
    yield from root_files(content)
    renderer = build_renderer(content)
    for shop in content.catalogs.shops.values():
        yield from shop_files(shop, content, renderer)
        pictures = content.catalogs.pictures[shop.id]
        for name, data in pictures_in(pictures) if pictures is not None else ():
            yield _now(f"pictures/{shop.id}/{name}", data)


def _headers() -> bytes:
    """Return the rules by which static files and pictures have the container's headers."""
    rules = {
        "/static/*": [*FILE_HEADERS, (b"cache-control", FOREVER)],
        "/pictures/*": [*FILE_HEADERS, (b"cache-control", A_DAY)],
        **{f"/*{suffix}": [(b"content-type", kind)] for suffix, kind in MEDIA_TYPES.items()},
    }
    lines = [
        line
        for pattern, headers in rules.items()
        for line in (pattern.encode(), *(b"  %s: %s" % header for header in headers))
    ]
    return b"\n".join([*lines, b""])


def root_files(content: SiteContent) -> Iterator[File]:
    """Yield what crawlers look for at the root: sitemaps and the like."""
    for name in root_names(content):
        found = root_file(name, content, datetime.now(UTC))
        if found is not None:
            yield _now(f"root/{name.rpartition('/')[2]}", found)


def shop_files(shop: Shop, content: SiteContent, renderer: Renderer) -> Iterator[File]:
    """Yield what changes with a shop's goods: first what is said of it as a whole."""
    headers = page_headers(image_hosts(shop), content.assets.names[PREFETCH_RULES])
    now = time.time()
    view = build_shop_view(shop, content, renderer, headers, moment=now)
    moments = list(islice(changes(shop, now), _MOST_MOMENTS))
    home, experiments = f"shops/{shop.id}", content.experiments.experiments
    unanswered = content.languages.of(shop.locale).gettext(
        "Search and filters do not answer just now. This is everything here; please try again soon."
    )
    about = shop_file(view, content.library, experiments, unanswered, moments)
    yield _now(f"{home}/shop.json", _json(about))
    yield _now(f"{home}/products.json", _json(products_file(shop)))
    yield _now(f"{home}/goods.json", _json(goods_file(shop)))
    keys = PageKeys(shop, content)
    store = _store_pages(view, moments, content, renderer, keys)
    for page in chain(store, drawings(shop, renderer, keys)):
        yield page._replace(name=f"{home}/{page.name}")


def _store_pages(
    view: ShopView,
    moments: Iterable[int],
    content: SiteContent,
    renderer: Renderer,
    keys: PageKeys,
) -> Iterator[File]:
    """Yield a shop's store pages as they are now, and as they will be when other rules hold."""
    some_without = any(not arm.pins for _, arm in content.experiments.experiments.arms())
    for moment in (0, *moments):
        place = f"at/{moment}/" if moment else ""
        steered = steered_view(view, content, renderer, moment) if moment else view
        for pins in (True, False) if some_without else (True,):
            yield from store_pages(steered, renderer, keys, place, pins=pins)


def _now(name: str, data: bytes) -> File:
    return File(name, lambda: data)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
