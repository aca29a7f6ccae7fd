"""What a store says has changed is on the pages that the Worker serves by itself, one by one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from app.content.site import feed_source, read_site
from app.prerender.output import publish
from app.settings import read_settings
from tests.support.fake_shopify import SECRET, TOKEN, FakeShopify, followed, open_store
from tests.support.waiting import eventually
from tools.support import http
from tools.support.edge import SECRETS, Edge, Worker, behind_worker
from tools.support.server import HeldPort, Server

OPERATOR = {"authorization": f"Bearer {SECRETS['WANDSTORE_OPERATOR_TOKEN']}"}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeShopify]:
    with open_store(monkeypatch) as made:
        yield made


@pytest.fixture
def edge(store: FakeShopify, serve: Callable[..., Server], tmp_path: Path) -> Iterator[Edge]:
    """A Worker that a store's goods were published for, and a container that follows the store."""
    settings = read_settings(followed(store, WANDSTORE_DATA=str(tmp_path / "publisher")))
    source = feed_source(settings)
    assert source is not None
    asyncio.run(source.fetch())
    publish(read_site(settings), tmp_path / "public")
    of_store = {"WANDSTORE_SHOPIFY_STORE": store.address, "WANDSTORE_SHOPIFY_SECRET": SECRET}
    with (
        HeldPort() as port,
        Worker(tmp_path / "state", tmp_path / "public", port.url, **of_store) as worker,
    ):
        at = int(port.url.rpartition(":")[2])
        yield Edge(worker, serve("container", at, **followed(store), **behind_worker(worker)))


def counted(edge: Edge, event: str) -> int:
    """Return how often the container has done something with files of the edge."""
    text = http.get(f"{edge.container.url}/metrics", headers=OPERATOR).text
    found = re.search(rf'events_total{{part="edge",event="{event}"}} (\d+)', text)
    return int(found[1]) if found else 0


def shows(edge: Edge, path: str, text: str) -> bool:
    return text in http.get(f"{edge.url}{path}").text


def test_what_has_changed_is_published_again_and_nothing_else(
    edge: Edge, store: FakeShopify, tmp_path: Path
) -> None:
    assert shows(edge, "/products/jug", "€12.00")
    repriced = store.reprice(1, "15.50")
    say = store.webhook
    assert say(edge.url, "products/update", repriced, secret=TOKEN).status_code == 401
    assert http.get(f"{edge.url}/shopify/webhooks").status_code == 405
    one = partial(say, edge.url, "products/update", repriced, name="one")
    eventually(lambda: one().status_code == 200)
    assert one().headers["content-security-policy"] == "default-src 'none'; sandbox"
    for path in ("/products/jug", "/store", "/store?category=Kitchen", "/products/oak-board"):
        eventually(partial(shows, edge, path, "€15.50"))
    published = [path for path in (tmp_path / "public" / "shops").rglob("*") if path.is_file()]
    eventually(lambda: counted(edge, "put") > 20)
    assert counted(edge, "put") < len(published)
    said = http.get(f"{edge.container.url}/metrics", headers=OPERATOR).text
    assert 'part="webhooks",event="taken"} 1' in said
    assert 'part="webhooks",event="repeated"}' in said

    del store.products[2]
    eventually(lambda: say(edge.url, "products/delete", {"id": 2}).status_code == 200)
    gone = f"{edge.url}/products/oak-board"
    eventually(lambda: http.get(gone).status_code == 404)
    etag = http.get(f"{edge.url}/products/jug").headers["etag"]
    again = http.get(f"{edge.url}/products/jug", headers={"if-none-match": etag})
    assert again.status_code == 304
