"""What has changed since the shop was published is put to the edge, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from app.content.site import SiteContent, read_site
from app.prerender import live
from app.prerender.live import EdgeUpdate
from app.prerender.output import KEYS, publish
from app.prerender.pages import product_name
from app.settings import read_settings
from app.storage.errors import InvalidPair, StorageError

pytestmark = pytest.mark.anyio


class Edge:
    """Has what was published and what is put to it, which it fails to take at first."""

    def __init__(self, published: Path, failures: int = 0) -> None:
        known = json.loads((published / KEYS).read_bytes())
        self.release, self.keys = known["release"], known["keys"]
        self.put_so_far: dict[str, bytes | None] = {}
        self.asked = asyncio.Event()
        self.whole = asyncio.Event()
        self._failures = failures

    async def known(self) -> tuple[str, dict[str, str]]:
        self.asked.set()
        return self.release, dict(self.keys)

    async def put(self, name: str, key: str, data: bytes | None) -> None:
        if self._failures:
            self._failures -= 1
            raise StorageError("edge files: HTTP 503")
        if name.endswith("/goods.json"):
            raise InvalidPair("edge files: HTTP 413")
        self.keys[name], self.put_so_far[name] = key, data
        if name.endswith("/shop.json"):
            self.whole.set()


def shop_of(folder: Path, goods: list[dict[str, Any]]) -> SiteContent:
    catalog = {"shop": {"id": "a", "name": "A"}, "products": goods}
    (folder / "a.json").write_text(json.dumps(catalog))
    environment = {
        "WANDSTORE_CATALOG": str(folder / "a.json"),
        "WANDSTORE_PUBLIC_URL": "https://shop.example",
    }
    return read_site(read_settings(environment))


async def brought(content: SiteContent, edge: Edge, done: asyncio.Event) -> EdgeUpdate:
    update = EdgeUpdate(lambda: content, edge, 0.01)
    task = asyncio.create_task(update.run())
    async with asyncio.timeout(60):
        await done.wait()
    task.cancel()
    await asyncio.wait([task])
    return update


async def test_what_shows_a_product_that_changed_is_put_and_what_shows_it_no_more_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live, "_AGAIN", 0.01)
    goods: list[dict[str, Any]] = [
        {"id": f"jug-{at}", "title": f"Jug {at:02}", "price": 20 + at, "category": f"Row {at % 2}"}
        for at in range(26)
    ]
    publish(shop_of(tmp_path, goods), tmp_path / "public")
    edge = Edge(tmp_path / "public", failures=3)
    goods[20] = {**goods[20], "price": 1}
    gone = goods.pop(3)
    changed = shop_of(tmp_path, goods)
    update = await brought(changed, edge, edge.whole)
    publish(changed, tmp_path / "again")
    now = tmp_path / "again"
    pages = {path.relative_to(now).as_posix() for path in (now / "shops" / "a").rglob("*.*")}
    there = {name for name, data in edge.put_so_far.items() if data is not None}
    packed = {name: data for name, data in edge.put_so_far.items() if data is not None}
    assert {name: gzip.decompress(data) for name, data in packed.items()} == {
        name: (now / name).read_bytes() for name in there
    }
    known = json.loads((now / KEYS).read_bytes())["keys"]
    differing = {name for name, key in known.items() if edge.keys[name] != key}
    assert differing == {"shops/a/goods.json"}, "which was refused"
    assert update.counts["refused"] == 1
    assert {name for name, key in edge.keys.items() if key} == known.keys()
    products = {name for name in there if "/products/" in name}
    assert f"shops/a/products/{product_name('jug-20')}.html" in products
    assert len(products) < len(goods)
    assert edge.put_so_far[f"shops/a/products/{product_name(gone['id'])}.html"] is None
    assert list(edge.put_so_far)[-1] == "shops/a/shop.json"
    assert "root/sitemap-a-1.xml" in there
    assert not there & {"root/sitemap.xml", "root/robots.txt"}
    assert update.counts["failed"] == 3
    assert caplog.text.count("the edge is not up to date: edge files: HTTP 503") == 1
    assert update.counts["put"] == len(there) < len(pages)

    again = Edge(tmp_path / "again")
    async with asyncio.timeout(60):
        await EdgeUpdate(lambda: changed, again, 0.0).run()
    assert again.asked.is_set(), "once, where nobody looks again"
    assert again.put_so_far == {}


async def test_what_another_release_has_published_is_left_alone(tmp_path: Path) -> None:
    publish(shop_of(tmp_path, [{"id": "jug", "title": "Jug", "price": 1}]), tmp_path / "public")
    edge = Edge(tmp_path / "public")
    edge.release = "another"
    changed = shop_of(tmp_path, [{"id": "jug", "title": "Jug", "price": 2}])
    update = EdgeUpdate(lambda: changed, edge, 0.01)
    task = asyncio.create_task(update.run())
    async with asyncio.timeout(60):
        while not update.counts["other_release"]:  # noqa: ASYNC110 - nobody tells of a count
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.wait([task])
    assert edge.put_so_far == {}
