"""Several shops behind one door, and real Shopify exports on sale: each with its own products."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_model import SLOTS
from tests.support.markup import parsed
from tests.support.shopper_client import Shopper, fillers, stream_of
from tests.support.stored import forget_layouts
from tools.support import http
from tools.support.server import ROOT, Server

StartServer = Callable[..., Server]

EXPORTS = ROOT.parent / "shared" / "data"
BAKERY: dict[str, Any] = {
    "shop": {"id": "bakery", "name": "The Bakery", "currency": "EUR"},
    "products": [
        {"id": f"loaf-{at}", "title": f"Loaf {at}", "price": at + 1.5, "category": "Bread"}
        for at in range(6)
    ],
}
FORGE = """\
Handle,Title,Vendor,Type,Tags,Published,Option1 Value,Variant Inventory Qty,Variant Price
poker,A Poker,Smith,Irons,"iron, fire",true,Default Title,4,19.50
nail,A Nail,Smith,Nails,iron,true,Default Title,0,0.10
hinge,A Hinge & a Half,Smith,Irons,iron,true,Small,9,7.00
hinge,,,,,,Large,9,9.00
"""


@pytest.fixture
def street(serve: StartServer, tmp_path: Path) -> Server:
    """A server of two shops, of which the bakery comes first."""
    folder = tmp_path / "catalogs"
    folder.mkdir()
    (folder / "a-bakery.json").write_text(json.dumps(BAKERY))
    (folder / "forge.csv").write_text(FORGE)
    return serve(WANDSTORE_CATALOG=str(folder), WANDSTORE_PAGE_MEMORY_SECONDS="0")


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def products_linked(html: str) -> set[str]:
    links = [link.get("href", "") for link in parsed(html).iter("a")]
    return {link for link in links if "/products/" in link}


def facts(server: Server, path: str) -> dict[str, str]:
    """Return what a product's page says: title, price and stock."""
    answered = http.get(f"{server.url}{path}")
    assert answered.status_code == 200
    article = parsed(answered.text).find(".//article")
    assert article is not None
    of_class = {
        node.get("class", "").split()[0]: words(node) for node in article.iter("p") if node.attrib
    }
    return {
        "title": words(article.find(".//h1")),
        "price": of_class["price"],
        "stock": of_class["stock"],
    }


def test_the_first_shop_is_the_default_one(street: Server) -> None:
    page = http.get(f"{street.url}/store")
    assert "The Bakery" in words(parsed(page.text).find(".//title"))
    assert "shopper_bakery=" in page.headers["set-cookie"]
    assert stream_of(page.text).startswith("/s/bakery/stream/")


@pytest.mark.parametrize(
    ("path", "own", "count"),
    [("/store", "/products/loaf-", 6), ("/s/forge", "/s/forge/products/", 3)],
)
def test_each_shop_sells_its_own(street: Server, path: str, own: str, count: int) -> None:
    with http.Client(base_url=street.url, timeout=30) as shopper:
        shell = shopper.get(path)
        shopper.get(stream_of(shell.text))
        kept = shopper.get(path)
        assert kept.headers["x-wandstore-page"] == "kept"
        for page in (shell, kept, shopper.get(f"{path}?sort=name")):
            linked = products_linked(page.text)
            assert linked
            assert all(link.startswith(own) for link in linked)
        assert len(products_linked(shopper.get(f"{path}?sort=name").text)) == count


def test_shoppers_of_one_shop_are_strangers_to_another(street: Server) -> None:
    with http.Client(base_url=street.url, timeout=30) as shopper:
        bakery, forge = shopper.get("/store"), shopper.get("/s/forge")
        assert set(shopper.cookies) == {"shopper_bakery", "shopper_forge"}
        shopper.get(stream_of(bakery.text))
        assert shopper.get("/store").headers["x-wandstore-page"] == "kept"
        value = shopper.cookies["shopper_bakery"]
    stream = stream_of(forge.text)
    moved = {"Cookie": f"shopper_forge={value}"}
    forget_layouts(street)
    assert http.get(f"{street.url}{stream}", headers=moved).status_code == 404
    assert http.get(f"{street.url}/s/forge", headers=moved).headers["x-wandstore-page"] == "shell"


def test_one_shops_stream_is_not_found_under_another_shop(street: Server) -> None:
    with http.Client(base_url=street.url, timeout=30) as shopper:
        bakery = stream_of(shopper.get("/store").text)
        shopper.get("/s/forge")
        crossed = shopper.get(bakery.replace("/s/bakery/", "/s/forge/"))
        assert crossed.status_code == 404


def test_a_product_is_found_in_its_own_shop_only(street: Server) -> None:
    assert facts(street, "/products/loaf-3")["price"] == "€4.50"
    assert facts(street, "/s/bakery/products/loaf-3")["price"] == "€4.50"
    for path in ("/products/poker", "/s/forge/products/loaf-3", "/s/none/products/poker"):
        assert http.get(f"{street.url}{path}").status_code == 404


@pytest.mark.parametrize("path", ["/s/none", "/s/none/stream/x", "/s/BAKERY", "/s/..%2fforge"])
def test_a_shop_that_is_not_on_this_street_is_not_found(street: Server, path: str) -> None:
    assert http.get(f"{street.url}{path}").status_code == 404


def test_a_shopify_exports_facts_are_on_its_pages(street: Server) -> None:
    assert facts(street, "/s/forge/products/poker") == {
        "title": "A Poker",
        "price": "$19.50",
        "stock": "Only 4 left",
    }
    assert facts(street, "/s/forge/products/nail")["stock"] == "Sold out"
    assert facts(street, "/s/forge/products/hinge") == {
        "title": "A Hinge & a Half",
        "price": "$7.00",
        "stock": "In stock",
    }


REAL = [
    ("shopify-apparel", "ocean-blue-shirt", "Ocean Blue Shirt", "$50.00", "In stock"),
    ("shopify-apparel", "classic-varsity-top", "Classic Varsity Top", "$60.00", "In stock"),
    ("shopify-home-and-garden", "clay-plant-pot", "Clay Plant Pot", "$9.99", "In stock"),
]


@pytest.mark.parametrize("name", ["shopify-apparel", "shopify-home-and-garden"])
def test_a_real_export_opens_as_a_shop_of_twenty_products(serve: StartServer, name: str) -> None:
    path = EXPORTS / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    server = serve(WANDSTORE_CATALOG=str(path))
    with http.Client(base_url=server.url, timeout=30) as shopper:
        shell = shopper.get("/store")
        assert "https://burst.shopifycdn.com" in shell.headers["content-security-policy"]
        shopper.get(stream_of(shell.text))
        assert shopper.get("/store").headers["x-wandstore-page"] == "kept"
        listing = shopper.get("/store?sort=price-asc").text
        assert len(products_linked(listing)) == 20
        for page in (shell.text, listing):
            parsed(page)
    for shop, handle, title, price, stock in REAL:
        if shop == name:
            shown = facts(server, f"/products/{handle}")
            assert (shown["title"], shown["price"]) == (title, price)
            assert shown["stock"] == stock


def test_shops_of_few_products_are_whole_shops(serve: StartServer, tmp_path: Path) -> None:
    folder = tmp_path / "catalogs"
    folder.mkdir()
    for size in (1, 2, 4, 5):
        few = {"shop": {"id": f"of-{size}"}, "products": BAKERY["products"][:size]}
        (folder / f"of-{size}.json").write_text(json.dumps(few))
    server = serve(WANDSTORE_CATALOG=str(folder))
    for size in (1, 2, 4, 5):
        with Shopper(server) as shopper:
            path = f"/s/of-{size}"
            shopper.follow(stream_of(shopper.store(path).text))
            assert fillers(shopper.store(path).text) == {slot: slot for slot in SLOTS}
    assert server.log.count('"status": "success"') == 4
    assert "LIST_TOO_SHORT" not in server.log
