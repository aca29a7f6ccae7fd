"""A feed at an address: fetched where it has changed, and kept for when it cannot be had."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from app.catalog.download import FeedDownload
from app.catalog.load import load_catalogs
from app.catalog.problems import CatalogError
from tests.support.serving import serving
from tests.support.waiting import eventually
from tools.support import http
from tools.support.server import Server

StartServer = Callable[..., Server]
XML = """<rss xmlns:g="http://base.google.com/ns/1.0"><channel><title>Feed Corner</title><item>
<g:id>jug</g:id><title>Jug</title><g:price>{price} EUR</g:price></item></channel></rss>"""


class FeedHost:
    """A host that answers for a feed; `answer` is what it says now."""

    def __init__(self) -> None:
        self.text = XML.format(price="12.00")
        self.status = 200
        self.packs = False
        self.statuses: list[int] = []
        self.app = Starlette(
            routes=[
                Route("/feed", self._feed),
                Route("/moved", self._moved),
                Route("/cookie", self._cookie),
            ],
        )

    async def _feed(self, request: Request) -> Response:
        etag = f'"{hashlib.sha256(self.text.encode()).hexdigest()[:8]}"'
        same = self.status == 200 and request.headers.get("if-none-match") == etag
        self.statuses.append(304 if same else self.status)
        body = b"" if same else self.text.encode()
        headers = {"etag": etag}
        if self.packs:
            body, headers = gzip.compress(body), {**headers, "content-encoding": "gzip"}
        return Response(body, self.statuses[-1], headers, "application/xml")

    async def _moved(self, _: Request) -> Response:
        return RedirectResponse("http://feed.example/feed")

    async def _cookie(self, _: Request) -> Response:
        return RedirectResponse("/feed", headers={"set-cookie": "a=\xff"})


@pytest.fixture
def host() -> FeedHost:
    return FeedHost()


@pytest.fixture
def address(host: FeedHost) -> Iterator[str]:
    with serving(host.app) as url:
        yield f"{url}/feed"


def quickly(address: str, **environment: str) -> dict[str, str]:
    return {
        "WANDSTORE_CATALOG_URL": address,
        "WANDSTORE_CATALOG_URL_SECONDS": "0.05",
        "WANDSTORE_CATALOG_SECONDS": "0.02",
        **environment,
    }


def product(server: Server) -> str:
    return http.get(f"{server.url}/products/jug").text


def state(server: Server) -> str:
    checks: dict[str, str] = http.get(f"{server.url}/health").json()["checks"]
    return checks["catalog"]


def test_a_feed_is_fetched_at_start_and_again_only_where_it_has_changed(
    serve: StartServer, host: FeedHost, address: str
) -> None:
    server = serve(**quickly(address))
    assert "€12.00" in product(server)
    assert "Feed Corner" in product(server)
    eventually(lambda: host.statuses.count(304) > 2)
    assert host.statuses.count(200) == 1
    host.text = XML.format(price="15.50")
    eventually(lambda: "€15.50" in product(server))
    assert host.statuses.count(200) == 2


def test_what_cannot_be_sold_from_leaves_the_last_feed_and_is_told_once_and_in_health(
    serve: StartServer, host: FeedHost, address: str
) -> None:
    server = serve(**quickly(address))
    fails(server, host, 503, XML, "failed: HTTP 503")
    fails(
        server,
        host,
        200,
        "<html><body>Down for maintenance</body></html>",
        "failed: is a web page, not a feed",
    )
    fails(server, host, 200, "", "failed: is empty")
    assert address not in server.log, "it may hold a key"


def fails(server: Server, host: FeedHost, status: int, text: str, reason: str) -> None:
    """Have the host answer so for a while, and then with another price."""
    before, told = product(server), server.log.count("the shop goes on as it was")
    host.status, host.text = status, text
    eventually(lambda: state(server).startswith(reason))
    seen = len(host.statuses)
    eventually(lambda: len(host.statuses) > seen + 2)
    assert product(server) == before
    assert server.log.count("the shop goes on as it was") == told + 1
    host.status, host.text = 200, XML.format(price=f"15.{seen:02}")
    eventually(lambda: f"€15.{seen:02}" in product(server))
    eventually(lambda: state(server) == "ok")


def test_the_last_feed_is_sold_from_where_its_host_is_down_at_start(
    serve: StartServer, host: FeedHost, address: str
) -> None:
    serve(**quickly(address)).stop()
    host.status = 500
    server = serve(**quickly(address))
    assert "€12.00" in product(server)
    eventually(lambda: state(server) == "failed: HTTP 500")


def test_the_catalogs_age_is_that_of_the_last_answer_not_of_a_file_beside(
    serve: StartServer, address: str, tmp_path: Path
) -> None:
    (tmp_path / "shop.json").write_text('{"id": "corner"}')
    os.utime(tmp_path / "shop.json", (1, 1))
    began = time.time()
    server = serve(**quickly(address, WANDSTORE_CATALOG=str(tmp_path / "shop.json")))
    name = "wandstore_catalog_modified_timestamp_seconds "

    def found() -> list[float]:
        lines = http.get(f"{server.url}/metrics").text.splitlines()
        return [float(line.removeprefix(name)) for line in lines if line.startswith(name)]

    eventually(found)
    assert found()[0] > began - 60, "the clock of files is coarser"


def test_a_file_says_whose_shop_it_is(serve: StartServer, address: str, tmp_path: Path) -> None:
    (tmp_path / "shop.json").write_text('{"id": "corner", "name": "The Corner"}')
    server = serve(**quickly(address, WANDSTORE_CATALOG=str(tmp_path / "shop.json")))
    assert "The Corner" in product(server)
    assert http.get(f"{server.url}/s/corner").status_code == 200


def test_without_a_feed_nothing_is_opened_and_the_reason_told(
    serve: StartServer, host: FeedHost, address: str
) -> None:
    host.status = 403
    with pytest.raises(CatalogError, match="HTTP 403"):
        serve(**quickly(address))


def test_a_redirect_to_another_machine_without_tls_is_not_followed(
    serve: StartServer, address: str
) -> None:
    with pytest.raises(CatalogError, match="UnsupportedProtocol"):
        serve(**quickly(address.replace("/feed", "/moved")))


def test_a_cookie_that_cannot_be_sent_back_is_a_reason_told(address: str, tmp_path: Path) -> None:
    asking = FeedDownload(address.replace("/feed", "/cookie"), tmp_path, load_catalogs).fetch()
    with pytest.raises(CatalogError, match="UnicodeEncodeError"):
        asyncio.run(asking)


def test_a_feed_that_comes_packed_is_kept_so_and_sold_from(
    host: FeedHost, address: str, tmp_path: Path
) -> None:
    host.packs = True
    assert asyncio.run(FeedDownload(address, tmp_path, load_catalogs).fetch())
    (file,) = tmp_path.glob("[!.]*")
    assert file.suffix == ".xml"
    assert file.read_bytes().startswith(b"\x1f\x8b"), "what it would unpack to is not known"
    assert load_catalogs(file).default.products


def test_a_feed_larger_than_any_may_be_is_refused(
    host: FeedHost, address: str, tmp_path: Path
) -> None:
    host.text = "x" * 5_000
    download = FeedDownload(address, tmp_path, load_catalogs, largest=1_000)
    with pytest.raises(CatalogError, match="larger than 1,000 bytes"):
        asyncio.run(download.fetch())
    assert not download.is_there
