"""Addresses: each leads where it says, whatever a catalog calls its things."""

from __future__ import annotations

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rendering.urls import ShopUrls
from tests.support.factories import product

DEFAULT = ShopUrls("demo", "", {"shop.css": "/static/shop.1f.css"})
OTHER = ShopUrls("tea", "/s/tea", {})
TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)


def test_the_store_is_at_its_root() -> None:
    assert DEFAULT.store() == "/store"
    assert OTHER.store() == "/s/tea"


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        ({"category": "Lamps"}, "/store?category=Lamps"),
        ({"category": "Cups & Co"}, "/store?category=Cups+%26+Co"),
        ({"category": "A", "sort": "name", "q": "x y", "page": 2}, None),
        ({"page": 1}, "/store"),
        ({"page": 0}, "/store"),
        ({"page": 3}, "/store?page=3"),
        ({"sort": ""}, "/store"),
    ],
)
def test_a_listing_says_only_what_is_asked(asked: dict[str, object], address: str | None) -> None:
    expected = address or "/store?category=A&sort=name&q=x+y&page=2"
    assert DEFAULT.store(**asked) == expected  # type: ignore[arg-type]


def test_a_product_is_below_its_shop() -> None:
    assert DEFAULT.product(product("dusk-lamp")) == "/products/dusk-lamp"
    assert OTHER.product(product("dusk-lamp")) == "/s/tea/products/dusk-lamp"


@given(TEXTS)
def test_no_id_leads_out_of_the_products_folder(name: str) -> None:
    address = DEFAULT.product(product("x", id=name))
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("", "", "", "")
    assert address.count("/") == 2
    assert unquote(address.removeprefix("/products/")) == name


@given(TEXTS, TEXTS)
def test_any_category_and_query_can_be_read_back(category: str, query: str) -> None:
    parts = urlsplit(DEFAULT.store(category=category, q=query))
    assert parts.path == "/store"
    assert parse_qs(parts.query) == {"category": [category], "q": [query]}


def test_a_stream_is_the_shops_own() -> None:
    assert DEFAULT.stream("p1") == "/s/demo/stream/p1"


def test_an_asset_has_its_hashed_address_and_an_unknown_one_none() -> None:
    assert DEFAULT.asset("shop.css") == "/static/shop.1f.css"
    with pytest.raises(KeyError):
        DEFAULT.asset("other.css")
