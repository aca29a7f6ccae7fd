"""Where a shop's baskets are bought, as its catalog says."""

from __future__ import annotations

import pytest

from app.domain.catalog import Checkout
from tests.support.catalogs import ReadJson

MUG = {"id": "mug", "title": "Mug", "price": 12.5}


@pytest.mark.parametrize(
    ("given", "checkout"),
    [
        ({"type": "demo"}, Checkout("demo")),
        ({"type": "none"}, None),
        (None, None),
        (
            {"type": "shopify", "domain": "Shop.Example"},
            Checkout("shopify", "https://shop.example/cart"),
        ),
        (
            {"type": "shopify", "domain": "shop.example", "path": "/en/buy"},
            Checkout("shopify", "https://shop.example/en/buy"),
        ),
        (
            {"type": "template", "address": "https://a.example/?add={items}&at={slots}"},
            Checkout("template", "https://a.example/?add={items}&at={slots}"),
        ),
        (
            {"type": "template", "address": "https://a.example:8443/c?q={quantities}&i={ids}#now"},
            Checkout("template", "https://a.example:8443/c?q={quantities}&i={ids}#now"),
        ),
    ],
)
def test_a_catalog_says_where_its_baskets_are_bought(
    read_json: ReadJson, given: object, checkout: Checkout | None
) -> None:
    read = read_json({**MUG, "id": "77"}, checkout=given)
    assert read.shop.checkout == checkout
    assert read.problems == ()


@pytest.mark.parametrize(
    "given",
    [
        "demo",
        {"type": "paypal"},
        {"type": "shopify"},
        {"type": "template"},
        {"type": "shopify", "domain": "https://shop.example"},
        {"type": "shopify", "domain": "shop.example/cart"},
        {"type": "template", "address": "http://a.example/?add={items}"},
        {"type": "template", "address": "https://a.example/?add=all"},
        {"type": "template", "address": "https://a.example/?add={items}&p={price}"},
        {"type": "template", "address": "https://a.example/?at={slots}"},
        {"type": "template", "address": "https://user@a.example/?add={items}"},
        {"type": "template", "address": 'https://a.example/?add={items}" onload='},
        {"type": "template", "address": "javascript:alert({items})"},
    ],
)
def test_a_checkout_that_cannot_be_used_is_reported_and_nothing_is_sold(
    read_json: ReadJson, given: object
) -> None:
    read = read_json(MUG, checkout=given)
    assert read.shop.checkout is None
    assert len(read.problems) == 1


def test_variants_that_shopify_has_no_number_for_are_reported(read_json: ReadJson) -> None:
    numbered = [{"id": "4411", "options": {"Size": "S"}}, {"options": {"Size": "L"}}]
    read = read_json(
        {**MUG, "variants": numbered},
        {**MUG, "id": "cup"},
        checkout={"type": "shopify", "domain": "shop.example"},
    )
    (problem,) = read.problems
    assert "2 variants are shown but not sold" in problem.reason
    assert problem.product == "L"


def test_another_checkout_draws_all_pages_anew(read_json: ReadJson) -> None:
    demo = read_json(MUG, checkout={"type": "demo"})
    assert demo.shop.digest != read_json(MUG).shop.digest
