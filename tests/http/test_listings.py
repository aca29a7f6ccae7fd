"""Listings and product pages: the catalog's own words and numbers, and no model asked."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from tests.support.cases import each
from tests.support.fake_model import Model, demo_products
from tests.support.markup import parsed
from tools.support import http
from tools.support.server import Server

PRODUCTS = {item["id"]: item for item in demo_products()}
CATEGORIES = sorted({item["category"] for item in PRODUCTS.values()})
SCRIPT = "<script>alert(1)</script>"
PAGE_SIZE = 24


@pytest.fixture
def shop(house_server: Server) -> Iterator[httpx.Client]:
    with http.Client(base_url=house_server.url, timeout=30) as client:
        yield client


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def listed(page: httpx.Response) -> list[dict[str, Any]]:
    """Return the products a listing shows, in its order, as the catalog states them."""
    grid = parsed(page.text).find(".//*[@data-slot='grid']")
    assert grid is not None
    links = [link.attrib["href"] for link in grid.iterfind(".//h3/a")]
    return [PRODUCTS[link.rpartition("/")[2]] for link in links]


def whole(shop: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    """Return the products of all pages of a listing."""
    found: list[dict[str, Any]] = []
    address: str | None = f"/store?{urlencode(asked)}"
    while address:
        page = shop.get(address)
        found += listed(page)
        following = parsed(page.text).find(".//a[@rel='next']")
        address = None if following is None else following.attrib["href"]
    return found


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_lists_all_its_products_and_no_others(shop: httpx.Client, category: str) -> None:
    expected = {item["id"] for item in PRODUCTS.values() if item["category"] == category}
    found = [item["id"] for item in whole(shop, category=category)]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(
    ("sort", "key", "down"),
    [("price-asc", "price", False), ("price-desc", "price", True), ("name", "title", False)],
)
def test_a_sorted_listing_is_sorted(shop: httpx.Client, sort: str, key: str, *, down: bool) -> None:
    found = [item[key] for item in whole(shop, sort=sort)]
    found = [value.casefold() if isinstance(value, str) else value for value in found]
    assert len(found) == len(PRODUCTS)
    assert found == sorted(found, reverse=down)


def test_pages_of_a_listing_have_each_product_once(shop: httpx.Client) -> None:
    found = [item["id"] for item in whole(shop, sort="featured")]
    assert sorted(found) == sorted(PRODUCTS)
    assert len(listed(shop.get("/store?sort=featured"))) == min(PAGE_SIZE, len(PRODUCTS))


@pytest.mark.parametrize("page", ["99", "9999"])
def test_a_page_beyond_the_last_is_the_last(shop: httpx.Client, page: str) -> None:
    last = -(-len(PRODUCTS) // PAGE_SIZE)
    assert listed(shop.get(f"/store?page={page}")) == listed(shop.get(f"/store?page={last}"))


@pytest.mark.parametrize("page", ["-1", "0", "two", "1e3", "٣", "99999"])
def test_a_page_that_is_no_page_is_the_first(shop: httpx.Client, page: str) -> None:
    assert listed(shop.get(f"/store?{urlencode({'page': page})}")) == listed(
        shop.get("/store?sort=featured")
    )


def test_a_search_finds_what_holds_every_word(shop: httpx.Client) -> None:
    found = whole(shop, q="oak LAMP")
    assert "dusk-lamp" in {item["id"] for item in found}
    for item in found:
        text = f"{item['title']} {item['category']} {item['tags']} {item['description']}".lower()
        assert "oak" in text
        assert "lamp" in text


def test_a_search_from_a_category_stays_in_it_and_in_its_order(shop: httpx.Client) -> None:
    form = parsed(shop.get("/store?category=Lamps&sort=name").text).find(".//form[@role='search']")
    assert form is not None
    hidden = {
        field.attrib["name"]: field.attrib["value"]
        for field in form.iter("input")
        if field.get("type") == "hidden"
    }
    assert hidden == {"category": "Lamps", "sort": "name"}
    found = whole(shop, **hidden, q="lamps")
    assert found
    assert {item["category"] for item in found} == {"Lamps"}
    everywhere = parsed(shop.get("/store").text).find(".//form[@role='search']")
    assert everywhere is not None
    assert [field.attrib["name"] for field in everywhere.iter("input")] == ["q"]


def test_a_search_that_finds_nothing_in_its_category_leads_out_of_it(shop: httpx.Client) -> None:
    page = shop.get("/store?category=Lamps&q=submarine")
    assert listed(page) == []
    way = parsed(page.text).find(".//*[@class='nothing']//li/a")
    assert way is not None
    assert words(way) == "Without “submarine”"
    assert {item["category"] for item in listed(shop.get(way.attrib["href"]))} == {"Lamps"}


def test_the_form_of_a_listing_narrows_it_and_its_chips_widen_it_again(shop: httpx.Client) -> None:
    form = parsed(shop.get("/store?category=Lamps&sort=name&q=lamp").text).find(
        ".//*[@class='narrow']/form"
    )
    assert form is not None
    assert (form.get("method"), form.get("action")) == ("get", "/store")
    fields = {field.attrib["name"]: field.get("value", "") for field in form.iter("input")}
    hidden = {name: fields[name] for name in ("category", "q", "sort")}
    assert hidden == {"category": "Lamps", "q": "lamp", "sort": "name"}
    page = shop.get(f"/store?{urlencode({**hidden, 'min': '', 'max': '300', 'available': '1'})}")
    found = listed(page)
    assert found
    assert all(item["price"] <= 300 and item.get("available", True) for item in found)
    assert [item["title"] for item in found] == sorted(item["title"] for item in found)
    chips = parsed(page.text).findall(".//*[@class='chosen']//a")
    assert [words(chip) for chip in chips] == ["up to €300.00", "In stock", "Without filters"]
    for chip in chips:
        wider = shop.get(chip.attrib["href"])
        assert "q=lamp" in chip.attrib["href"]
        assert len(listed(wider)) >= len(found)


def test_filtered_lists_are_nobodys_canonical_page(shop: httpx.Client) -> None:
    for query in ("min=5", "max=90", "available=1", "tag=handmade", "category=Lamps&tag=new"):
        page = parsed(shop.get(f"/store?{query}").text)
        assert page.find(".//meta[@name='robots'][@content='noindex']") is not None, query
        assert page.find(".//link[@rel='canonical']") is None
        assert page.find(".//script[@type='application/ld+json']") is None
    whole_category = parsed(shop.get("/store?category=Lamps").text)
    assert whole_category.find(".//meta[@name='robots']") is None


def test_what_is_no_filter_is_told_and_left_out(shop: httpx.Client) -> None:
    page = shop.get(f"/store?{urlencode({'min': SCRIPT, 'category': 'lamps'})}")
    assert SCRIPT not in page.text
    assert "is no filter here and was left out" in words(parsed(page.text).find(".//main"))
    assert {item["category"] for item in listed(page)} == {"Lamps"}


def test_what_nobody_sees_of_an_address_is_not_on_its_page(shop: httpx.Client) -> None:
    hidden = "\x00\x07\x7f\x9f\xad\u061c\u200b\u200f\u202e\u2066\ufeff"
    for field in ("q", "category", "tag", "min", "available"):
        page = shop.get(f"/store?{urlencode({field: f'{hidden}zebra{hidden}'})}")
        assert "zebra" in page.text, field
        assert not set(hidden) & set(page.text), field


def test_a_near_miss_is_told_as_one(shop: httpx.Client) -> None:
    page = shop.get("/store?q=keettle")
    assert {item["id"] for item in listed(page)} == {item["id"] for item in whole(shop, q="kettle")}
    assert "for “kettle”, the nearest we have" in words(parsed(page.text).find(".//main"))


def test_a_category_we_do_not_have_is_a_designed_page_and_no_error(shop: httpx.Client) -> None:
    page = shop.get("/store?category=Submarines")
    assert page.status_code == 200
    assert page.headers["x-wandstore-page"] == "fallback"
    assert listed(page) == []
    assert "Nothing here by that name." in page.text


GARBAGE = [
    "category=%00",
    "category=%FF%FE",
    "category=" + "a" * 5000,
    "q=" + quote("é" * 900),
    "&".join(f"category={at}" for at in range(100)),
    "&".join(f"f{at}=1" for at in range(100)),
    f"sort={SCRIPT}",
    f"q={quote(SCRIPT)}&category={quote(SCRIPT)}&sort={quote(SCRIPT)}&page={quote(SCRIPT)}",
    "q=%22%3E%3Cimg+src%3Dx+onerror%3Dalert(1)%3E",
    "q={{7*7}}",
    "q=%E2%80%AE%00%0d%0aSet-Cookie:x=1",
    "page=-99999999999999999999",
    "page=%D9%A3",
    "====&&&&;;;;",
    "%",
    "category[]=a&category.$ne=1",
    f"tag={quote(SCRIPT)}&min={quote(SCRIPT)}&max=1e9&available={quote(SCRIPT)}",
    "&".join(f"tag={at}" for at in range(30)),
]


@each("query", GARBAGE)
def test_a_garbled_query_is_answered_with_a_page_and_never_echoed_as_markup(
    shop: httpx.Client, query: str
) -> None:
    page = shop.get(f"/store?{query}")
    assert page.status_code == 200
    assert SCRIPT not in page.text
    assert "<img src=x" not in page.text
    assert "49" not in words(parsed(page.text).find(".//h1"))
    assert "set-cookie:x" not in str(page.headers).lower()
    scripts = [node for node in parsed(page.text).iter("script") if not node.get("src")]
    assert all(node.get("type") == "application/ld+json" for node in scripts)


def test_looking_through_the_catalog_asks_the_model_nothing_and_opens_no_stream(
    composed_by_model: Server, model: Model
) -> None:
    paths = ["?category=Lamps", "?sort=name", "?q=oak", "?page=2", "?category=Nothing"]
    addresses = [*(f"/store{path}" for path in paths), "/products/dusk-lamp", "/products/none", "/"]
    with http.Client(base_url=composed_by_model.url) as shopper:
        for address in addresses:
            page = shopper.get(address)
            assert "data-stream" not in page.text
            assert "set-cookie" not in page.headers
    assert list(model.requests) == []


def stock_text(item: dict[str, Any]) -> str:
    """Return what a product's page says of what is left of it, or of the variant that is shown."""
    variants = item.get("variants", [item])
    stock = next((form["stock"] for form in variants if form.get("stock")), item.get("stock"))
    if not item.get("available", stock != 0):
        return "Sold out"
    return f"Only {stock} left" if stock is not None and stock <= 5 else "In stock"


@each("name", PRODUCTS)
def test_a_products_page_states_title_price_and_availability_of_the_catalog(
    shop: httpx.Client, name: str
) -> None:
    item = PRODUCTS[name]
    page = parsed(shop.get(f"/products/{name}").text)
    article = page.find(".//article")
    assert article is not None
    assert words(article.find(".//h1")) == item["title"]
    reduced = article.find(".//*[@class='price']//b")
    price = reduced if reduced is not None else article.find(".//b")
    assert words(price) == f"€{item['price']:,.2f}"
    stock = next(node for node in article.iter("p") if node.get("class", "").startswith("stock"))
    assert words(stock) == stock_text(item)
    assert item["title"] in words(page.find(".//title"))


@pytest.mark.parametrize(
    "path",
    [
        "/products/no-such-thing",
        "/products/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
        "/products/" + "a" * 3000,
        "/products/%00",
        "/products/..%2f..%2fetc%2fpasswd",
        "/nowhere/at/all",
        "/s/no-such-shop",
        "/s/no-such-shop/products/dusk-lamp",
        "/%FF",
    ],
    ids=lambda path: path[:30],
)
def test_what_is_not_there_is_a_designed_page_with_a_way_back(
    shop: httpx.Client, path: str
) -> None:
    page = shop.get(path)
    assert page.status_code == 404
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    tree = parsed(page.text)
    assert words(tree.find(".//h1")) == "Not here any more"
    assert tree.find(".//main//a[@href='/store']") is not None
    assert SCRIPT not in page.text


@pytest.mark.parametrize(
    "path", ["/store?category=Lamps", "/store?q=lamp", "/products/oak-board", "/s/demo?page=2"]
)
def test_a_page_that_the_browser_has_is_not_sent_again(house_server: Server, path: str) -> None:
    first = http.get(f"{house_server.url}{path}")
    again = http.get(f"{house_server.url}{path}", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    whatever = http.get(f"{house_server.url}{path}", headers={"if-none-match": "*"})
    assert (whatever.status_code, whatever.content) == (304, b"")
    packed, plain = (
        http.get(f"{house_server.url}{path}", headers={"accept-encoding": it}).headers
        for it in ("gzip", "identity")
    )
    assert packed.get("content-encoding") != plain.get("content-encoding")
    assert packed["etag"] == plain["etag"] == first.headers["etag"]
    assert plain["etag"].startswith("W/"), "it is that of bytes which differ"
    other = http.get(f"{house_server.url}/store?category=Ceramics")
    assert other.headers["etag"] != first.headers["etag"]


def test_what_is_not_there_is_not_there_whatever_the_browser_has(house_server: Server) -> None:
    missing = http.get(f"{house_server.url}/products/none", headers={"if-none-match": "*"})
    assert missing.status_code == 404
    assert "etag" not in missing.headers
