"""The basket's rules: bounds, and what the catalog makes of a line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from app.domain.basket import (
    MAX_LINES,
    MAX_QUANTITY,
    BasketLine,
    change,
    check,
    put,
    seen,
    totals,
)
from app.domain.catalog import Checkout, Money, Shop, Variant
from tests.support.factories import EUR, product, shop


def money(amount: str, currency: str = EUR) -> Money:
    return Money(Decimal(amount), currency)


def line(
    name: str = "cup", variant: str = "", quantity: int = 1, price: str = "10.00"
) -> BasketLine:
    return BasketLine(name, variant or name, quantity, money(price))


def sells(*items: object, kind: str = "demo") -> Shop:
    return shop(*items)._replace(checkout=Checkout(kind))  # type: ignore[arg-type]


def test_more_of_the_same_is_one_line_at_the_latest_price() -> None:
    basket = put(put((), line(quantity=2, price="9.00")), line(quantity=3))
    assert basket == (line(quantity=5),)


def test_where_something_was_shown_first_stays() -> None:
    shown = line()._replace(slot="hero", page="p1")
    (item,) = put(put((), shown), line(quantity=2)._replace(slot="grid", page="p2"))
    assert (item.quantity, item.slot, item.page) == (3, "hero", "p1")


def test_variants_of_one_product_are_lines_of_their_own() -> None:
    basket = put(put((), line(variant="s")), line(variant="l"))
    assert [item.variant for item in basket] == ["s", "l"]


def test_quantities_and_lines_are_bounded() -> None:
    basket = put(put((), line(quantity=MAX_QUANTITY)), line(quantity=5))
    assert basket[0].quantity == MAX_QUANTITY
    for at in range(MAX_LINES + 5):
        basket = put(basket, line(f"cup-{at}"))
    assert len(basket) == MAX_LINES
    assert basket[0].product == "cup"


def test_a_quantity_of_nothing_takes_a_line_out() -> None:
    basket = put(put((), line()), line("jug"))
    assert change(basket, basket[0], 0, basket[0].price) == (line("jug"),)
    assert change(basket, basket[1], 4, money("9.00"))[1] == line("jug", quantity=4, price="9.00")


@pytest.mark.parametrize(
    ("facts", "quantity", "problem"),
    [
        ({}, 3, ""),
        ({"stock": 3}, 3, ""),
        ({"stock": 2}, 2, "fewer"),
        ({"stock": 0}, 3, ""),
        ({"stock": 0, "available": False}, 0, "sold_out"),
    ],
)
def test_what_can_be_bought_is_what_the_catalog_has(
    facts: dict[str, Any], quantity: int, problem: str
) -> None:
    (item,) = check((line(quantity=3),), sells(product("cup", **facts)))
    assert (item.quantity, item.problem) == (quantity, problem)


def test_what_is_sold_beyond_its_stock_is_not_bounded_by_it() -> None:
    form = Variant("cup", (), money("10.00"), available=True, stock=1, backorder=True)
    (item,) = check((line(quantity=3),), sells(product("cup", variants=(form,))))
    assert (item.quantity, item.problem) == (3, "")


def test_what_is_gone_is_told_and_not_bought() -> None:
    large = Variant("l", ("L",), money("10.00"), available=True)
    sold = sells(product("cup", variants=(large,)))
    items = check((line("jug"), line(variant="s"), line(variant="l")), sold)
    assert [(item.problem, item.quantity) for item in items] == [
        ("gone", 0),
        ("variant_gone", 0),
        ("", 1),
    ]


def test_what_the_checkout_has_no_name_for_is_not_bought() -> None:
    sold = sells(product("cup"), product("4411"), kind="shopify")
    cup, number = check((line("cup"), line("4411")), sold)
    assert (cup.problem, cup.quantity) == ("not_online", 0)
    assert (number.problem, number.quantity) == ("", 1)


def test_a_changed_price_is_told_and_the_new_one_counts() -> None:
    (item,) = check((line(quantity=2, price="8.00"),), sells(product("cup", "10.00")))
    assert item.is_repriced
    assert item.cost == money("20.00")


def test_a_total_counts_what_can_be_bought_by_currency() -> None:
    sold = sells(
        product("cup", "10.00"),
        product("jug", "4.00"),
        product("pot")._replace(price=money("7.00", "CHF")),
        product("tin", available=False),
    )
    basket = (line(quantity=2), line("jug"), line("pot"), line("tin"), line("none"))
    assert totals(check(basket, sold)) == (money("24.00"), money("7.00", "CHF"))
    assert totals(()) == ()


def test_what_was_seen_differs_with_price_and_quantity_and_not_with_what_is_not_bought() -> None:
    cup = sells(product("cup", "10.00"))
    basket = (line(quantity=2),)
    usual = seen(check(basket, cup))
    assert seen(check((*basket, line("none")), cup)) == usual
    assert seen(check((line(quantity=2, price="8.00"),), cup)) == usual
    assert seen(check((line(),), cup)) != usual
    assert seen(check(basket, sells(product("cup", "11.00")))) != usual
    assert seen(check(basket, sells(product("cup", "10.00", stock=1)))) != usual
