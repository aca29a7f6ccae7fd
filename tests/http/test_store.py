"""The store page over HTTP: the shell at once, then the kept page; cookies, caches and encodings."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.support.fake_llm import Scenario
from tests.support.fake_model import SLOTS, Model, answer, demo_products
from tests.support.markup import parsed
from tests.support.shopper_client import stream_of
from tests.support.stored import forget_layouts
from tools.support import http
from tools.support.server import Server

PRODUCT_IDS = {item["id"] for item in demo_products()}


@pytest.fixture
def shopper(house_server: Server) -> Iterator[httpx.Client]:
    """A browser without a cookie, at the shop that composes by itself."""
    with http.Client(base_url=house_server.url, timeout=30) as client:
        yield client


@pytest.fixture
def returning(shopper: httpx.Client) -> httpx.Client:
    """A shopper whose page is kept."""
    shopper.get(stream_of(shopper.get("/store").text))
    return shopper


def slots(html: str) -> dict[str, str]:
    """Return what fills each slot that shows something, in the page's order."""
    found = parsed(html).iterfind(".//*[@data-slot]")
    return {slot.attrib["data-slot"]: slot.attrib["data-filled-by"] for slot in found if len(slot)}


def products_in(html: str, slot: str) -> set[str]:
    """Return the ids of the products that a slot links to."""
    place = parsed(html).find(f".//*[@data-slot='{slot}']")
    assert place is not None
    links = [link.attrib.get("href", "") for link in place.iter("a")]
    return {link.rpartition("/")[2] for link in links if link.startswith("/products/")}


def test_a_stranger_gets_a_shell_a_cookie_and_the_address_of_a_stream(
    shopper: httpx.Client,
) -> None:
    page = shopper.get("/store")
    assert page.status_code == 200
    assert page.headers["x-wandstore-page"] == "shell"
    assert page.headers["cache-control"] == "private, no-cache"
    assert page.headers["server-timing"].startswith("shell;dur=")
    assert re.fullmatch(r"/s/demo/stream/[\w-]{20,}", stream_of(page.text))
    cookie = page.headers["set-cookie"]
    assert re.match(r"shopper_demo=shop_[0-9a-f]{32}\.", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_every_slot_of_the_shell_is_filled_from_the_catalog(shopper: httpx.Client) -> None:
    page = shopper.get("/store").text
    assert slots(page) == dict.fromkeys(SLOTS, "fallback")
    assert 'data-slot="feature"' in page, "a place for what the model may add"
    assert len(products_in(page, "hero")) == 1
    assert len(products_in(page, "grid")) == 8
    for slot in ("hero", "grid", "recommendations"):
        assert products_in(page, slot) <= PRODUCT_IDS


def test_the_shell_comes_while_the_model_has_not_said_a_word(
    composed_by_model: Server, model: Model
) -> None:
    model.play(Scenario(answer(), hold_after=(0,)))
    page = http.get(f"{composed_by_model.url}/store")
    assert page.headers["x-wandstore-page"] == "shell"
    model.reached(1)
    model.release()


def test_the_finished_page_is_kept_and_has_no_stream(returning: httpx.Client) -> None:
    page = returning.get("/store")
    assert page.headers["x-wandstore-page"] == "kept"
    assert stream_of(page.text) == ""
    assert "stream.js" not in page.text
    assert slots(page.text) == {slot: slot for slot in SLOTS} | {"feature": "story"}
    assert "set-cookie" not in page.headers


def test_a_kept_page_is_no_ones_but_the_shoppers(returning: httpx.Client) -> None:
    assert returning.get("/store").headers["cache-control"] == "private, no-cache"


def test_a_browser_that_has_the_kept_page_is_told_so_without_a_body(
    returning: httpx.Client,
) -> None:
    etag = returning.get("/store").headers["etag"]
    again = returning.get("/store", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == etag
    stale = returning.get("/store", headers={"If-None-Match": '"another-page"'})
    assert stale.status_code == 200


def test_gzip_changes_the_way_and_not_the_page(returning: httpx.Client) -> None:
    plain = returning.get("/store", headers={"Accept-Encoding": "identity"})
    packed = returning.get("/store", headers={"Accept-Encoding": "gzip, br"})
    refused = returning.get("/store", headers={"Accept-Encoding": "gzip;q=0"})
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert plain.content == packed.content == refused.content
    assert "accept-encoding" in plain.headers["vary"].lower()


@pytest.mark.parametrize("path", ["/store", "/store?category=Lamps", "/products/dusk-lamp", "/no"])
def test_head_is_get_without_the_body(returning: httpx.Client, path: str) -> None:
    whole, head = returning.get(path), returning.head(path)
    assert head.content == b""
    assert head.status_code == whole.status_code
    for name in ("content-length", "content-type", "x-wandstore-page", "content-security-policy"):
        assert head.headers[name] == whole.headers[name]


FORGED = [
    "",
    "shop_" + "0" * 32,
    f"shop_{'0' * 32}.99999999999.{'A' * 43}",
    "shop_../../etc/passwd.1.x",
    "%00%ff",
    "x" * 7000,
    "é".encode().decode("latin-1"),
    '"; DROP TABLE shoppers',
]


@pytest.mark.parametrize("value", FORGED, ids=lambda value: value[:20] or "empty")
def test_a_forged_cookie_makes_a_new_shopper_and_never_an_error(
    house_server: Server, value: str
) -> None:
    header = {b"Cookie": f"shopper_demo={value}".encode("latin-1")}
    page = http.get(f"{house_server.url}/store", headers=header)
    assert page.status_code == 200
    assert page.headers["x-wandstore-page"] == "shell"
    assert "shopper_demo=shop_" in page.headers["set-cookie"]
    assert f"shop_{'0' * 32}" not in page.headers["set-cookie"]


def test_another_shoppers_id_under_ones_own_signature_opens_nothing(
    returning: httpx.Client, house_server: Server
) -> None:
    victim = returning.cookies["shopper_demo"]
    own = http.get(f"{house_server.url}/store").cookies["shopper_demo"]
    forget_layouts(house_server)
    mixed = ".".join([victim.split(".")[0], *own.split(".")[1:]])
    page = http.get(f"{house_server.url}/store", headers={"Cookie": f"shopper_demo={mixed}"})
    assert page.headers["x-wandstore-page"] == "shell"
    assert victim.split(".")[0] not in page.headers["set-cookie"]


def test_the_root_leads_to_the_store(shopper: httpx.Client) -> None:
    answered = shopper.get("/")
    assert answered.status_code == 307
    assert answered.headers["location"] == "/store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_page_cannot_be_written_to(shopper: httpx.Client, method: str) -> None:
    refused = shopper.request(method, "/store", content=b"x")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert refused.headers["content-security-policy"] == "default-src 'none'; sandbox"
