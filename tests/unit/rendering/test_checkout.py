"""Addresses at which checkouts begin."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain.basket import BasketLine, check
from app.domain.catalog import Checkout, Money
from app.rendering.checkout import checkout_address
from tests.support.factories import EUR, product, shop

SHOWN = ("v2_minimalist_85_9f86d081884c", "hero,grid")


def lines(*, shown: bool) -> tuple[BasketLine, ...]:
    price, page = Money(Decimal("1.00"), EUR), SHOWN[0] if shown else ""
    return (
        BasketLine("4411", "4411", 2, price, "hero" if shown else "", page),
        BasketLine("none", "none", 1, price, "cta", "another"),
        BasketLine("4412", "4412", 1, price, "grid" if shown else "", page),
    )


def address(checkout: Checkout, endpoint: str = "", *, shown: bool = True) -> str:
    sold = shop(product("4411"), product("4412"))._replace(checkout=checkout)
    bought = [item for item in check(lines(shown=shown), sold) if item.quantity]
    return checkout_address(checkout, bought, endpoint)


def test_a_permalink_names_variants_and_quantities() -> None:
    shopify = Checkout("shopify", "https://shop.example/cart")
    assert address(shopify, shown=False) == "https://shop.example/cart/4411:2,4412:1"


def test_a_permalink_carries_where_it_was_shown_as_attributes() -> None:
    found = address(Checkout("shopify", "https://shop.example/cart"))
    assert found == (
        "https://shop.example/cart/4411:2,4412:1"
        "?attributes%5Bwandstore_page%5D=v2_minimalist_85_9f86d081884c"
        "&attributes%5Bwandstore_slots%5D=hero%2Cgrid"
    )


def test_an_endpoint_that_the_store_names_goes_before_and_gets_the_same_as_attribution() -> None:
    shopify = Checkout("shopify", "https://shop.example/cart")
    assert address(shopify, "https://shop.example/buy") == (
        "https://shop.example/buy/4411:2,4412:1"
        "?attribution%2Fwandstore_page=v2_minimalist_85_9f86d081884c"
        "&attribution%2Fwandstore_slots=hero%2Cgrid"
    )


@pytest.mark.parametrize(
    ("template", "made"),
    [
        ("https://a.example/?products={items}", "https://a.example/?products=4411:2,4412:1"),
        (
            "https://a.example/cart?ids={ids}&n={quantities}",
            "https://a.example/cart?ids=4411,4412&n=2,1",
        ),
        (
            "https://a.example/{items}?from={page}&at={slots}",
            "https://a.example/4411:2,4412:1?from=v2_minimalist_85_9f86d081884c&at=hero,grid",
        ),
    ],
)
def test_a_template_is_filled_with_what_is_bought(template: str, made: str) -> None:
    assert address(Checkout("template", template)) == made


def test_an_id_cannot_change_the_address_it_stands_in() -> None:
    name = "{page}\u00e9,:&"
    sold = shop(product(name))._replace(checkout=Checkout("template", "https://a.example/?x={ids}"))
    named = (BasketLine(name, name, 1, Money(Decimal(1), EUR)),)
    assert sold.checkout is not None
    found = checkout_address(sold.checkout, check(named, sold))
    assert found == "https://a.example/?x=%7Bpage%7D%C3%A9%2C%3A%26"
