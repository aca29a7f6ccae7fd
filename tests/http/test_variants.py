"""The product page in its variants: a form that needs no script, and an address for each."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tests.support.markup import parsed
from tools.support import http
from tools.support.server import Server

CUSHION = "/products/linen-cushion"


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def page_of(server: Server, path: str) -> ET.Element:
    return parsed(http.get(f"{server.url}{path}").text)


def chosen(page: ET.Element) -> list[str]:
    return [
        button.attrib["value"]
        for button in page.iterfind(".//form[@class='variants']//button[@aria-current]")
    ]


def test_a_variant_is_chosen_by_a_plain_form_whose_address_names_it(house_server: Server) -> None:
    page = page_of(house_server, CUSHION)
    form = page.find(".//form[@class='variants']")
    assert form is not None
    assert (form.attrib["action"], form.attrib["method"]) == (CUSHION, "get")
    buttons = form.findall(".//button")
    assert {button.attrib["name"] for button in buttons} == {"variant"}
    assert [button.attrib["value"] for button in buttons] == [
        *("45-blush", "45-sage", "45-ink"),
        *("60-blush", "60-sage", "60-ink"),
    ]


def test_what_cannot_be_had_is_disabled_and_says_why(house_server: Server) -> None:
    page = page_of(house_server, CUSHION)
    disabled = {
        button.attrib["value"]: words(button)
        for button in page.iterfind(".//form[@class='variants']//button[@disabled]")
    }
    assert disabled == {"45-ink": "Ink sold out", "60-blush": "Blush sold out"}


def test_variants_stand_under_what_they_share(house_server: Server) -> None:
    page = page_of(house_server, CUSHION)
    assert [words(legend) for legend in page.iter("legend")] == [
        "Size: \u206845 x 45 cm\u2069, Colour",
        "Size: \u206860 x 60 cm\u2069, Colour",
    ]


@pytest.mark.parametrize(
    ("query", "variant", "price", "stock"),
    [
        ("", "45-blush", "€46.00", "In stock"),
        ("?variant=60-ink", "60-ink", "€62.00", "Only 5 left"),
        ("?variant=45-ink", "45-ink", "€46.00", "Sold out"),
        ("?variant=none", "45-blush", "€46.00", "In stock"),
        ("?variant=&variant=60-sage", "60-sage", "€62.00", "In stock"),
    ],
)
def test_an_address_shows_the_price_and_stock_of_the_variant_it_names(
    house_server: Server, query: str, variant: str, price: str, stock: str
) -> None:
    page = page_of(house_server, f"{CUSHION}{query}")
    assert chosen(page) == [variant]
    facts = page.find(".//div[@class='product-facts']")
    assert facts is not None
    assert words(facts.find("./p[@class='price']")) == price
    assert stock in words(facts)


def test_a_card_says_from_where_prices_differ(house_server: Server) -> None:
    listing = page_of(house_server, "/store?category=Textiles")
    prices = {
        words(card.find(".//h3")): words(card.find(".//p[@class]/span"))
        for card in listing.iter("li")
        if card.find(".//h3") is not None
    }
    assert prices["Washed Linen Cushion"] == "from €46.00"
    assert prices["Field Throw"] == "€128.00"


def test_a_product_without_variants_has_nothing_to_choose(house_server: Server) -> None:
    page = page_of(house_server, "/products/heron-lamp?variant=heron-lamp")
    assert page.find(".//form[@class='variants']") is None


@pytest.mark.parametrize("path", ["/store", "/products/dusk-lamp", f"{CUSHION}?variant=60-ink"])
def test_the_first_picture_of_a_page_is_named_in_its_head(house_server: Server, path: str) -> None:
    page = page_of(house_server, path)
    link = page.find("./head/link[@rel='preload']")
    first = page.find(".//img[@fetchpriority='high']")
    assert link is not None
    assert first is not None
    assert (link.attrib["as"], link.attrib["href"]) == ("image", first.attrib["src"])


def test_a_variant_is_pictured_as_it_is(house_server: Server) -> None:
    first = page_of(house_server, f"{CUSHION}?variant=60-ink").find(".//main//img")
    assert first is not None
    assert first.attrib["src"] == "/pictures/demo/linen-cushion-ink.svg"
