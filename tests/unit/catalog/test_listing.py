"""Filters and sorting through the address."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.feed import stock
from app.catalog.listing import (
    MAX_TAGS,
    PAGE_SIZE,
    Filters,
    Listing,
    ListingQuery,
    filter_products,
    read_request,
)
from app.domain.catalog import Goods, Money
from tests.support.cases import each
from tests.support.factories import product, shop


def filters(**given: str) -> Filters:
    """Return the filters of an address; tags are parted by spaces."""
    return tuple((name, text) for name, texts in given.items() for text in texts.split())


SHOP = shop(
    product("b", "3.00", "Lamps", title="Blue lamp", description="Tall"),
    product("a", "1.00", "Cups", title="äpple cup", tags=("handmade",)),
    product("c", "2.00", "Lamps", title="Amber LAMP"),
)
MANY = shop(*(product(f"p{at:03}", f"{at + 1}.00") for at in range(PAGE_SIZE * 2 + 1)))


@each(
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
        (b"q=" + b"x" * 4096, ListingQuery(query="x" * 80)),
        (b"q=a&" + b"&".join(b"a=1" for _ in range(33)), ListingQuery(query="a")),
        (b"&".join(b"a=1" for _ in range(32)) + b"&q=a", None),
        (b"q=%CC%81%EF%B8%8F", None),
        (b"min=", None),
        (
            b"tag=a&max=9&tag=b&tag=a&min=x",
            ListingQuery(filters=filters(min="x", max="9", tag="a b")),
        ),
        (b"max=1&max=2&available=1", ListingQuery(filters=filters(max="2", available="1"))),
        (b"q=\xff", ListingQuery(query="\ufffd")),
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


def test_a_category_is_one_however_it_is_cased() -> None:
    listing = filter_products(SHOP, ListingQuery(category="LAMPS"))
    assert [item.id for item in listing.results] == ["b", "c"]
    assert listing.request.category == "Lamps"
    assert found(category="lamp") == []


def test_a_category_and_a_tag_are_one_whether_their_accents_stand_apart_or_not() -> None:
    cup = product("a", "5.00", "Caf\u00e9")._replace(tags=("\u00c9t\u00e9",))
    query = ListingQuery(category="Cafe\u0301", filters=(("tag", "E\u0301te\u0301"),))
    listing = filter_products(shop(cup, product("b", "6.00", "Caf\u00e9")), query)
    assert [item.id for item in listing.results] == ["a"]
    assert listing.request.category == "Caf\u00e9"


def test_an_unknown_sort_is_told_as_featured() -> None:
    assert filter_products(SHOP, ListingQuery(sort="odd")).request.sort == "featured"


def test_pages_share_all_products_between_them() -> None:
    pages = [filter_products(MANY, ListingQuery(page=number)) for number in (1, 2, 3)]
    assert [len(page.results) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1]
    assert [item.id for page in pages for item in page.results] == list(MANY.products)
    assert {(page.total, page.pages) for page in pages} == {(PAGE_SIZE * 2 + 1, 3)}


def test_a_page_beyond_the_last_is_the_last() -> None:
    assert filter_products(MANY, ListingQuery(page=9999)).request.page == 3


def test_nothing_found_is_one_empty_page() -> None:
    listing = filter_products(SHOP, ListingQuery(query="nothing"))
    page = listing.request.page
    assert (list(listing.results), listing.total, page, listing.pages) == ([], 0, 1, 1)


GOODS = shop(
    product("mug", "10.00", "Cups", title="Green mug", tags=("Handmade", "gift")),
    product("jug", "20.00", "Cups", title="Green jug", tags=("handmade",), available=False),
    product("pot", "20.50", "Pots", title="Green pot", tags=("gift", "new")),
    product("bin", "30.00", "Pots", title="Tall bin"),
    product("cup", "15.00", "Cups", title="Import")._replace(price=Money(Decimal(15), "USD")),
)


ALL = ListingQuery()


def narrowed(query: ListingQuery = ALL, **given: str) -> Listing:
    return filter_products(GOODS, query._replace(filters=filters(**given)))


def test_filters_combine_with_words_category_order_and_each_other() -> None:
    cases: dict[tuple[ListingQuery, Filters], str] = {
        (ListingQuery(), filters(min="20")): "jug pot bin",
        (ListingQuery(), filters(min="20", max="20,50")): "jug pot",
        (ListingQuery(), filters(max="20.50", available="1")): "mug pot",
        (ListingQuery(), filters(tag="HANDMADE")): "mug jug",
        (ListingQuery(), filters(tag="handmade gift")): "mug",
        (ListingQuery("Cups"), filters(tag="handmade", available="1")): "mug",
        (ListingQuery("cups", "price-desc", "green"), filters(min="5")): "jug mug",
        (ListingQuery(query="greens"), filters(min="10", max="30", tag="gift")): "mug pot",
        (ListingQuery(), filters(min="30", max="10")): "",
    }
    for (query, some), ids in cases.items():
        listing = filter_products(GOODS, query._replace(filters=some))
        assert [item.id for item in listing.results] == ids.split(), (query, some)
        assert listing.request.filters == some
        assert (listing.is_search, listing.unknown) == (True, ())


def test_a_filter_that_makes_no_sense_is_left_out_and_told() -> None:
    listing = narrowed(min="cheap", max="-5", available="yes", tag="gift")
    assert listing.request.filters == filters(tag="gift")
    assert listing.unknown == ("cheap", "-5", "yes")
    assert [item.id for item in listing.results] == ["mug", "pot"]
    tags = " ".join(f"t{number}" for number in range(MAX_TAGS + 2))
    assert narrowed(tag=tags).unknown == (f"t{MAX_TAGS}", f"t{MAX_TAGS + 1}")
    for number in ("5.5", "5,5", "٥٫٥", "۵٫۵", "５．５", "５，５"):  # noqa: RUF001 - keyboards have them
        listing = narrowed(min=number)
        assert listing.unknown == (), number
        assert listing.price(number).amount == Decimal("5.5"), number
    for number in ("1e3", "9" * 10, "1.0000", "NaN", "²", "1 0", "+1"):
        assert narrowed(min=number.replace(" ", "_")).unknown, number


def test_only_tags_that_lead_on_are_offered_with_how_far() -> None:
    def offered(listing: Listing) -> list[tuple[str, int, bool]]:
        return [tuple(tag) for tag in listing.tags]  # type: ignore[misc]

    assert offered(narrowed()) == [("Handmade", 2, False), ("gift", 2, False), ("new", 1, False)]
    assert offered(narrowed(tag="gift")) == [
        ("gift", 2, True),
        ("Handmade", 1, False),
        ("new", 1, False),
    ]
    for tag in narrowed(ListingQuery(query="green"), min="12").tags:
        chosen = narrowed(ListingQuery(query="green"), min="12", tag=tag.name)
        assert chosen.total == tag.total > 0


def test_where_nothing_is_found_each_way_out_leaves_out_one_thing_and_leads_to_what_it_says() -> (
    None
):
    listing = narrowed(ListingQuery("Cups", query="green"), max="15", tag="new", available="1")
    assert [way.name for way in listing.ways_out] == ["tag", "category"][:1]
    for query in (
        ListingQuery("Cups", query="green", filters=filters(min="25", available="1")),
        ListingQuery("Pots", query="mug", filters=filters(tag="gift")),
        ListingQuery("Nowhere", query="bin", filters=filters(min="25")),
        ListingQuery("Pots", query="submarine"),
    ):
        listing = filter_products(GOODS, query)
        assert listing.total == 0
        assert listing.ways_out, query
        for way in listing.ways_out:
            assert filter_products(GOODS, way.request).total == way.total > 0
            asked = [*query.filters, ("category", query.category), ("q", query.query)]
            assert (way.name, way.value) in asked


def test_what_nobody_sells_is_not_remembered() -> None:
    many = stock(GOODS, GOODS.products.values())
    assert isinstance(many.products, Goods)
    many.products.derived("mark", lambda: "made")
    for at in range(1_100):  # more than are remembered at all
        filter_products(many, ListingQuery(f"Nowhere {at}", filters=filters(tag=f"x{at}")))
        filter_products(many, ListingQuery(f"Nowhere {at}"))
    assert many.products.derived("mark", lambda: "made anew") == "made"


def test_a_listing_of_the_shops_own_is_no_search() -> None:
    listing = filter_products(GOODS, ListingQuery("Cups"))
    assert (listing.is_search, listing.ways_out, listing.currency) == (False, (), "EUR")
