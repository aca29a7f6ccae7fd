"""Filters and sorting through the address."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.listing import PAGE_SIZE, ListingQuery, filter_products, read_request
from tests.support.factories import product, shop

SHOP = shop(
    product("b", "3.00", "Lamps", title="Blue lamp", description="Tall"),
    product("a", "1.00", "Cups", title="äpple cup", tags=("handmade",)),
    product("c", "2.00", "Lamps", title="Amber LAMP"),
)
MANY = shop(*(product(f"p{at:03}", f"{at + 1}.00") for at in range(PAGE_SIZE * 2 + 1)))


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        (b"", None),
        (b"utm_source=x", None),
        (b"category=", None),
        (b"q=+++", None),
        (b"category=Lamps", ListingQuery("Lamps")),
        (
            b"category=Cups+%26+Co&sort=name&q=a%20b&page=2",
            ListingQuery("Cups & Co", "name", "a b", 2),
        ),
        (b"q=%20%20two%09words%0A", ListingQuery(query="two words")),
        (b"page=0", ListingQuery(page=1)),
        (b"page=-1", ListingQuery(page=1)),
        (b"page=two", ListingQuery(page=1)),
        (b"page=%D9%A3", ListingQuery(page=1)),
        (b"page=99999", ListingQuery(page=1)),
        (b"page=9999", ListingQuery(page=9999)),
        (b"q=" + b"x" * 200, ListingQuery(query="x" * 80)),
        (b"q=a&q=b", ListingQuery(query="b")),
        (b"q=" + b"x" * 2048, None),
        (b"&".join(b"a=1" for _ in range(17)), None),
        (b"q=\xff", None),
        (b"q=%FF", ListingQuery(query="\ufffd")),
    ],
)
def test_an_address_is_read_as_what_it_asks(query: bytes, asked: ListingQuery | None) -> None:
    assert read_request(query) == asked


@given(st.binary(max_size=60))
def test_no_address_is_too_strange_to_read(query: bytes) -> None:
    asked = read_request(query)
    assert asked is None or asked.page >= 1


def found(**asked: str) -> list[str]:
    return [item.id for item in filter_products(SHOP, ListingQuery(**asked)).results]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["b", "a", "c"]),
        ("featured", ["b", "a", "c"]),
        ("price-asc", ["a", "c", "b"]),
        ("price-desc", ["b", "c", "a"]),
        ("name", ["c", "b", "a"]),
        ("; DROP TABLE", ["b", "a", "c"]),
    ],
)
def test_products_stand_in_the_order_asked_for(sort: str, order: list[str]) -> None:
    assert found(sort=sort) == order


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("lamp", ["b", "c"]),
        ("LAMP blue", ["b"]),
        ("tall", ["b"]),
        ("handmade", ["a"]),
        ("ÄPPLE", ["a"]),
        ("cups", ["a"]),
        ("nothing", []),
    ],
)
def test_every_word_of_a_query_must_be_found(query: str, ids: list[str]) -> None:
    assert found(query=query) == ids


def test_a_category_is_matched_exactly() -> None:
    assert found(category="Lamps") == ["b", "c"]
    assert found(category="lamps") == []


def test_an_unknown_sort_is_told_as_featured() -> None:
    assert filter_products(SHOP, ListingQuery(sort="odd")).sort == "featured"


def test_pages_share_all_products_between_them() -> None:
    pages = [filter_products(MANY, ListingQuery(page=number)) for number in (1, 2, 3)]
    assert [len(page.results) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [item.id for page in pages for item in page.results] == list(MANY.products)
    assert {(page.total, page.pages) for page in pages} == {(PAGE_SIZE * 2 + 1, 3)}


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert filter_products(MANY, ListingQuery(page=9999)).page == 3


def test_nothing_found_is_one_empty_page() -> None:
    listing = filter_products(SHOP, ListingQuery(query="nothing"))
    assert (list(listing.results), listing.total, listing.page, listing.pages) == ([], 0, 1, 1)
