"""A shop of thousands of categories: no page but one has all of them."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.in_process import InProcessServer
from tools.support import http
from tools.support.server import Server

MANY = 3_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("many")
    goods = [
        {"id": f"p{at}", "title": f"Thing {at}", "price": 5, "category": f"Shelf {at}"}
        for at in range(MANY)
    ]
    catalog = folder / "catalog.json"
    catalog.write_text(json.dumps({"products": goods}))
    with InProcessServer(folder / "data", {"WANDSTORE_CATALOG": str(catalog)}) as server:
        yield server


def test_a_page_links_to_few_categories_and_to_the_page_of_all(server: Server) -> None:
    for path in ("/store", "/store?category=Shelf+2999", "/products/p1", "/nowhere"):
        page = http.get(f"{server.url}{path}").text
        assert page.count("category=Shelf") < 100, path
        assert 'href="/categories"' in page, path


def test_a_listing_offers_its_own_category_however_far_back_it_stands(server: Server) -> None:
    page = http.get(f"{server.url}/store?category=Shelf+2999").text
    assert 'aria-current="true">Shelf 2999<' in page


def test_the_page_of_all_has_all(server: Server) -> None:
    page = http.get(f"{server.url}/categories").text
    assert page.count('<a href="/store?category=Shelf') > MANY
    for at in (0, 1_500, MANY - 1):
        assert f"category=Shelf+{at}&#34;" in page or f'category=Shelf+{at}"' in page


def test_a_shop_of_few_categories_names_them_all_and_needs_no_page_of_them(
    house_server: Server,
) -> None:
    page = http.get(f"{house_server.url}/store?category=Lamps").text
    assert "/categories" not in page
