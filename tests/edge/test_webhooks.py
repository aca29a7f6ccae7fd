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
from tests.support.shopper_client import Shopper
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


def kept_page(shopper: Shopper) -> str:
    """Return a shopper's page where it is kept, else nothing."""
    page = shopper.store()
    return page.text if page.headers["x-wandstore-page"] == "kept" else ""


def buy_two_jugs(shopper: Shopper) -> str:
    """Put them into the basket, which the checkout hears of; return the way there."""
    form = {"do": "add", "product": "jug", "variant": "11", "quantity": "2"}
    ours = {"sec-fetch-site": "same-origin"}
    assert shopper.post("/basket", data=form, headers=ours).status_code == 303
    basket = shopper.get("/basket").text
    assert "€24.00" in basket
    (way,) = re.findall(r'href="(/checkout\?seen=[0-9a-f]+)"', basket)
    assert "/buy/11:2?attribution" in shopper.get(way).headers["location"]
    return str(way)


def test_what_has_changed_is_published_again_and_nothing_else(
    edge: Edge, store: FakeShopify, tmp_path: Path
) -> None:
    assert shows(edge, "/products/jug", "€12.00")
    with Shopper(edge) as shopper:
        eventually(lambda: "€12.00" in kept_page(shopper))
        way = buy_two_jugs(shopper)
    repriced = store.reprice(1, "15.50")
    say = store.webhook
    assert say(edge.url, "products/update", repriced, secret=TOKEN).status_code == 401
    assert http.get(f"{edge.url}/shopify/webhooks").status_code == 405
    one = partial(say, edge.url, "products/update", repriced, name="one")
    eventually(lambda: one().status_code == 200)
    assert one().headers["content-security-policy"] == "default-src 'none'; sandbox"
    for path in ("/products/jug", "/store", "/store?category=Kitchen", "/products/oak-board"):
        eventually(partial(shows, edge, path, "€15.50"))
    with Shopper(edge, shopper.cookies) as returned:
        eventually(lambda: "€15.50" in kept_page(returned))
        assert "€12.00" not in kept_page(returned)
        basket = returned.get("/basket").text
        assert {"€31.00", "€12.00"} <= {*re.findall(r"€[0-9.]+", basket)}, "what it is, and was"
        assert returned.get(way).headers["location"].endswith("/basket?note=moved")
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
