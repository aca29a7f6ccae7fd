"""Worker and container give the same answers: pages, files, headers, signals, and what is refused."""

from __future__ import annotations

import re
import secrets
import socket
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from app.web.cookies import LIFETIME, SessionSigner, cookie_names
from tests.support.fake_model import demo_products
from tests.support.stored import forget_layouts
from tools.support import http
from tools.support.edge import SECRETS, TOKEN, Worker
from tools.support.server import Server

HEADERS = (
    "content-type",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cache-control",
    "x-wandstore-page",
    "location",
    "allow",
)
PRODUCTS = [item["id"] for item in demo_products()]
PAGES = [
    "/",
    "/store?category=Lamps",
    "/store?category=Lamps&sort=price-asc",
    "/store?category=Desk&sort=name&page=7",
    "/store?sort=price-desc&page=2",
    "/store?sort=loudest",
    "/store?page=2",
    "/store?page=0",
    "/store?page=%C2%B2",
    "/store?page=12345&sort=name",
    "/store?category=++Lamps+",
    "/store?category=Lamps&category=Desk",
    "/store?category=Nothing",
    "/store?q=lamp",
    "/store?q=lamp&category=Desk",
    "/store?q=%FF%00%3Cscript%3E",
    "/store?sort=name;page=2",
    "/s/demo?category=Garden",
    "/store?category=Lamps&sort=name&q=lamps",
    "/store?q=keettle",
    "/store?category=lamps&min=20&max=90&available=1",
    "/store?tag=handmade&tag=giftable&min=cheap",
    "/store?category=Lamps&q=kettle",
    "/s/none",
    "/robots.txt",
    "/llms.txt",
    "/favicon.ico",
    "/sitemap.xml",
    "/.well-known/security.txt",
    f"/products/{PRODUCTS[0]}",
    f"/s/demo/products/{PRODUCTS[-1]}",
    "/categories",
    "/s/demo/categories",
    "/s/demo-de/products/dusk-lamp",
    "/s/demo-de?category=Leuchten",
    "/s/none/categories",
    "/products/none",
    "/products//",
    "/products/linen-cushion",
    "/products/linen-cushion?variant=60-ink",
    "/products/linen-cushion?variant=45-ink&variant=",
    "/products/linen-cushion?variant=none",
    "/products/linen-cushion?variant=60%2Dink;a=b",
    "/s/demo/products/dusk-lamp?a=b&variant=ink",
    "/basket",
    "/s/demo/basket?note=full",
    "/checkout?seen=0123",
    "/s/none/basket",
    "/forget",
    "/s/corner/forget?done=1",
    "/s/demo/forget?done=",
    "/s/none/forget",
    "/store/",
    "/s/demo/products/dusk-lamp/?variant=ink",
    "/s%2Fdemo",
    "/s/demo%2fproducts/dusk-lamp",
    "/store%0A",
    "/nowhere",
    "/shops.json",
    "/static/none.0000000000.css",
    "/static/shop.css",
    "/static/shop.0000000000.css",
    "/static/brand-demo.0000000000.css",
    "/shops.json",
    "/shops/demo/shop.json",
    "/root/robots.txt",
    "/_headers",
    f"/pictures/demo/{PRODUCTS[0]}.svg",
    "/pictures/demo/none.svg",
    "/pictures/none/x.svg",
]
BEACONS: list[Any] = [
    {"events": [{"kind": "view", "product": PRODUCTS[0]}]},
    {"events": [{"kind": "dwell", "product": PRODUCTS[1], "seconds": 60}] * 4},
    {"events": [{"kind": "add_to_basket", "product": PRODUCTS[2], "quantity": 3}]},
    {"events": [{"kind": "purchase", "items": [{"product": name} for name in PRODUCTS[3:9]]}]},
    {"events": [{"kind": "filter", "category": "Lamps", "sort": "price-asc"}] * 3},
    {"events": [{"kind": "filter", "sort": "price-desc"}, {"kind": "view", "product": "none"}]},
    {"events": [{"kind": "filter"}]},
    {"events": [{"kind": "filter", "category": "Nothing"}]},
    {"events": [{"kind": "view", "product": "none"}]},
    {"events": [{"kind": "view", "product": ""}]},
    {"events": [{"kind": "view", "product": "é" * 200}]},
    {"events": [{"kind": "view", "product": "é" * 201}]},
    {"events": [{"kind": "view", "product": 7}]},
    {"events": [{"kind": "view", "product": PRODUCTS[0], "x" * 50: 1}]},
    {"events": [{"kind": "dwell", "product": PRODUCTS[0], "seconds": 0}]},
    {"events": [{"kind": "dwell", "product": PRODUCTS[0], "seconds": True}]},
    {"events": [{"kind": "purchase", "items": [{"product": PRODUCTS[0], "quantity": 100}]}]},
    {"events": [{"kind": "purchase", "items": "all"}]},
    {"events": [None]},
    {"events": [{}]},
    {"events": {}},
    {"events": [], "shop": "demo"},
    {},
    [],
    None,
    "events",
]


METHODS = [
    *[(method, "/store") for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")],
    ("POST", "/"),
    ("PUT", "/s/none"),
    ("POST", f"/products/{PRODUCTS[0]}"),
    ("DELETE", "/static/shop.css"),
    ("POST", "/pictures/demo/none.svg"),
    ("POST", "/health"),
    ("PUT", "/basket"),
    ("POST", "/s/demo/checkout"),
    ("GET", "/signals"),
    ("HEAD", "/s/demo/signals"),
    ("PUT", "/s/demo/stream/edge"),
    ("POST", "/nowhere"),
    ("OPTIONS", "/shops.json"),
]


@dataclass(frozen=True)
class Both:
    """The shop by itself, and through the Worker."""

    container: Server
    worker: Worker

    def get(self, path: str, **how: Any) -> tuple[httpx.Response, httpx.Response]:
        return self.ask("GET", path, **how)

    def ask(self, method: str, path: str, **how: Any) -> tuple[httpx.Response, httpx.Response]:
        """Ask both; the container as the Worker does, with its credential.

        The Worker comes last: it has the container compose what that would then have kept.
        """
        known = {"authorization": f"Bearer {SECRETS['WORKER_SECRET']}"}
        headers = httpx.Headers(how.pop("headers", {}))
        address = f"{self.container.url}{path}"
        both = [*headers.multi_items(), *known.items()]
        theirs = http.request(method, address, headers=both, **how)
        return http.request(method, f"{self.worker.url}{path}", headers=headers, **how), theirs


@pytest.fixture(scope="module")
def both(worker: Worker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A container with files of its own, so that each of the two keeps what it is told."""
    at_once = {"WANDSTORE_HOUSE_PACE": "0", "WANDSTORE_PAGE_MEMORY_SECONDS": "0"}
    environment = {**SECRETS, **at_once}
    port = int(worker.container.rpartition(":")[2])
    with Server(tmp_path_factory.mktemp("same") / "data", environment, port) as container:
        yield Both(container, worker)


def cookie(shopper: str, shop: str = "demo", expires: int = 0) -> str:
    until = expires or int(time.time()) + LIFETIME
    value = SessionSigner(SECRETS["SESSION_SECRET"].encode()).cookie(
        shopper, shop, until, secure=False
    )
    return value.decode().split(";")[0]


def new_shopper() -> str:
    return f"shop_{secrets.token_hex(16)}"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_or_file_is_the_same_from_both(both: Both, path: str) -> None:
    assert_same(*both.get(path))


@pytest.mark.parametrize(("method", "path"), METHODS)
def test_another_method_is_refused_by_both(both: Both, method: str, path: str) -> None:
    ours, theirs = both.ask(method, path)
    assert ours.status_code in (404, 405)
    assert_same(ours, theirs)


def assert_same(ours: httpx.Response, theirs: httpx.Response) -> None:
    assert ours.status_code == theirs.status_code
    assert ours.content == theirs.content
    told = {name: ours.headers[name] for name in HEADERS if name in ours.headers}
    assert told == {name: theirs.headers[name] for name in HEADERS if name in theirs.headers}


def test_files_are_the_same_and_kept_as_long_and_the_worker_is_not_asked_for_them(
    both: Both,
) -> None:
    public = both.worker.public
    static = [f"/{path.relative_to(public)}" for path in (public / "static").iterdir()]
    pictures = [f"/{path.relative_to(public)}" for path in (public / "pictures" / "demo").iterdir()]
    assert len(static) >= 8
    for path in (*static, *pictures[:4]):
        ours, theirs = both.get(path)
        assert_same(ours, theirs)
        assert ours.headers["cf-cache-status"], "which the platform adds to what it serves itself"
        known = {"if-none-match": ours.headers["etag"]}
        again = http.get(f"{both.worker.url}{path}", headers=known)
        assert (again.status_code, again.content) == (httpx.codes.NOT_MODIFIED, b"")


def test_shells_are_the_same_but_for_their_streams(both: Both) -> None:
    both.worker.forget_plans()
    forget_layouts(both.container)
    ours, theirs = both.get("/store")
    shells = [re.sub(r"/stream/[^\"/]+", "/stream/page", answer.text) for answer in (ours, theirs)]
    assert shells[0] == shells[1]
    assert "/stream/page" in shells[0]
    names = [name for name in HEADERS if name in theirs.headers]
    assert {name: ours.headers[name] for name in names} == {
        name: theirs.headers[name] for name in names
    }
    assert "shell;dur=" in ours.headers["server-timing"]


@pytest.mark.parametrize("beacon", BEACONS, ids=range(len(BEACONS)))
def test_a_beacon_is_taken_or_refused_by_both_and_makes_the_same_persona(
    both: Both, beacon: Any
) -> None:
    shopper = new_shopper()
    headers = {"cookie": cookie(shopper), "sec-fetch-site": "same-origin"}
    for _ in range(2):
        ours, theirs = both.ask("POST", "/signals", headers=headers, json=beacon)
        assert ours.status_code == theirs.status_code
        if theirs.content:
            expected = theirs.json()["error"]
            assert ours.json()["error"]["code"] == expected["code"]
            assert ours.json()["error"].get("field") == expected.get("field")
    assert rows(both.worker, shopper) == rows_of_file(both.container, shopper)


@pytest.mark.parametrize("site", ["same-origin", "cross-site"])
def test_a_basket_is_filled_shown_and_bought_alike_by_both(both: Both, site: str) -> None:
    cookies: list[tuple[str, ...]] = [("",), ("",)]
    form = {"do": "add", "product": "linen-cushion", "variant": "60-ink", "quantity": "2"}
    for step in (form, {**form, "variant": "45-ink"}, {**form, "do": "change", "quantity": "3"}):
        answers = both.ask(
            "POST",
            "/basket",
            data=step,
            headers={"sec-fetch-site": site, "cookie": cookies[0][0]},
        )
        assert_same(*answers)
        cookies = [tuple(answer.headers.get_list("set-cookie")) or cookies[0] for answer in answers]
        assert cookies[0] == cookies[1]
        cookies = [(cookie.split(";")[0],) for (cookie,) in cookies]
    headers = {"cookie": cookies[0][0]}
    ours, theirs = both.get("/basket", headers=headers)
    assert_same(ours, theirs)
    assert ("€186.00" in ours.text) is (site == "same-origin")
    lines = [("cookie", "a=b; c"), ("cookie", cookies[0][0]), ("cookie", "d=e")]
    assert [answer.text for answer in both.get("/basket", headers=lines)] == [ours.text] * 2
    for way in re.findall(r"/checkout\?seen=[0-9a-f]+", ours.text):
        assert_same(*both.get(way, headers=headers))


def rows(worker: Worker, shopper: str) -> list[list[dict[str, Any]]]:
    """Return what D1 has of a shopper."""
    statements = [{"sql": sql, "params": [shopper]} for sql in WHAT_IS_KNOWN]
    answer = http.post(
        f"{worker.url}/_bindings/d1/",
        json={"statements": statements},
        headers={"authorization": f"Bearer {TOKEN}"},
    )
    found: list[list[dict[str, Any]]] = answer.json()["results"]
    return found


WHAT_IS_KNOWN = (
    "SELECT kind, fact FROM signals WHERE shopper_id = ? ORDER BY id",
    "SELECT hash, type, confidence FROM personas WHERE shopper_id = ? ORDER BY hash",
    "SELECT shop_id, current_persona_hash FROM shoppers WHERE id = ?",
)


def rows_of_file(container: Server, shopper: str) -> list[list[dict[str, Any]]]:
    """Return what the container's own database has of a shopper."""
    with closing(sqlite3.connect(container.data / "shop.sqlite3")) as database, database:
        database.row_factory = sqlite3.Row
        return [[dict(row) for row in database.execute(sql, (shopper,))] for sql in WHAT_IS_KNOWN]


@pytest.mark.parametrize(
    ("name", "headers", "status"),
    [
        ("no cookie", {}, 401),
        (
            "a forged cookie",
            {"cookie": f"{cookie_names('demo')[1]}={new_shopper()}.1999999999.x"},
            401,
        ),
        ("another shop's", {"cookie": cookie(new_shopper(), "other")}, 401),
        ("one that is over", {"cookie": cookie(new_shopper(), expires=1)}, 401),
        ("from elsewhere", {"sec-fetch-site": "cross-site"}, 403),
        ("from nowhere", {"sec-fetch-site": ""}, 403),
        ("of another kind", {"content-type": "text/plain"}, 415),
    ],
)
def test_who_may_not_tell_is_refused_by_both(
    both: Both, name: str, headers: dict[str, str], status: int
) -> None:
    usual = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
    ours, theirs = both.ask("POST", "/signals", headers={**usual, **headers}, content=b"{}")
    assert ours.status_code == theirs.status_code == status, name
    assert ours.json()["error"]["code"] == theirs.json()["error"]["code"]


@pytest.mark.parametrize(
    "path", ["/s/demo/stream/edge", f"/s/demo/stream/{quote('../x', safe='')}"]
)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"cookie": f"shopper_demo={new_shopper()}.1999999999.{'A' * 43}"},
        {"cookie": cookie(new_shopper(), expires=1)},
        {"cookie": cookie(new_shopper(), "other").replace("_other", "_demo")},
    ],
    ids=["none", "forged", "over", "foreign"],
)
def test_a_stream_without_a_shopper_is_none(both: Both, path: str, headers: dict[str, str]) -> None:
    ours = http.get(f"{both.worker.url}{path}", headers=headers)
    assert ours.status_code == httpx.codes.NOT_FOUND


def test_nobody_reaches_the_bindings_without_the_token(both: Both) -> None:
    for headers in ({}, {"authorization": "Bearer guess"}):
        found = http.get(f"{both.worker.url}/_bindings/kv/health", headers=headers)
        assert found.status_code == httpx.codes.NOT_FOUND
        assert "Not here any more" in found.text


def test_what_is_too_large_is_refused_by_both_before_it_has_come(both: Both) -> None:
    known = f"authorization: Bearer {SECRETS['WORKER_SECRET']}\r\nhost: shop.example\r\n"
    form = "content-type: application/x-www-form-urlencoded\r\nsec-fetch-site: same-origin\r\n"
    json = f"content-type: application/json\r\ncookie: {cookie(new_shopper())}\r\n"
    for request, status in (
        (f"POST /signals HTTP/1.1\r\n{json}sec-fetch-site: same-origin\r\n", 413),
        (f"POST /basket HTTP/1.1\r\n{form}", 413),
        (f"GET /store?q={'x' * 8_192} HTTP/1.1\r\n", 414),
    ):
        length = "content-length: 900000\r\n" if request.startswith("POST") else ""
        for url in (both.worker.url, both.container.url):
            address = urlsplit(url)
            with socket.create_connection((address.hostname, address.port or 80), 30) as line:
                line.sendall(f"{request}{length}{known}\r\n".encode())
                assert line.recv(64).split()[1] == str(status).encode(), (url, request[:20])
