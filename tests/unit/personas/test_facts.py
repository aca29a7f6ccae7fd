"""What a browser tells becomes a fact only as far as the catalog bears it out."""

from __future__ import annotations

from decimal import Decimal

from app.domain.catalog import Money
from app.domain.facts import Fact, ReportedEvent
from app.domain.page import Refusal
from app.personas.facts import Prices, prices_of, to_fact
from tests.support.factories import product, shop

SHOP = shop(
    *(product(f"p{at}", f"{at}.00", "Lamps" if at % 2 else "Cups") for at in range(1, 10)),
    product("cut", "5.00", "Lamps", compare_at=Money(Decimal("7.00"), "EUR")),
    product("foreign")._replace(price=Money(Decimal("1.00"), "USD")),
)
PRICES = prices_of(SHOP)
DAY = 20_000


def seen(told: ReportedEvent) -> Fact | Refusal:
    return to_fact(told, SHOP, PRICES, DAY)


def test_prices_fall_into_thirds() -> None:
    assert Prices("EUR", Decimal("4.00"), Decimal("6.00")) == PRICES


def test_the_shops_currency_is_that_of_most_prices_whichever_comes_first() -> None:
    goods = dict(SHOP.products)
    first = SHOP._replace(products={"foreign": goods.pop("foreign"), **goods})
    assert prices_of(first) == PRICES


def test_a_product_is_described_by_the_catalog() -> None:
    assert seen(ReportedEvent("view", (("p1", 1),))) == Fact(
        "view", DAY, ("p1",), ("Lamps",), low=1
    )
    assert seen(ReportedEvent("view", (("p9", 1),))) == Fact(
        "view", DAY, ("p9",), ("Lamps",), high=1
    )
    assert seen(ReportedEvent("view", (("cut", 1),))) == Fact(
        "view", DAY, ("cut",), ("Lamps",), reduced=1
    )


def test_an_order_costs_what_the_catalog_says_and_other_currencies_count_for_nothing() -> None:
    order = seen(ReportedEvent("purchase", (("p1", 2), ("p9", 3), ("foreign", 9), ("gone", 99))))
    expected = Fact("purchase", DAY, ("p1", "p9", "foreign"), ("Lamps", "Lamps", "Lamps"))
    assert order == expected._replace(low=1, high=1, cents=2900)


def test_a_basket_has_no_value_yet() -> None:
    basket = seen(ReportedEvent("add_to_basket", (("p9", 3),)))
    assert isinstance(basket, Fact)
    assert basket.cents == 0


def test_what_the_shop_does_not_have_is_refused() -> None:
    assert seen(ReportedEvent("view", (("gone", 1),))) == Refusal("UNKNOWN_PRODUCT", "view")
    assert seen(ReportedEvent("purchase")) == Refusal("UNKNOWN_PRODUCT", "purchase")
    assert seen(ReportedEvent("filter", category="Cars")) == Refusal("UNKNOWN_CATEGORY", "filter")
    assert seen(ReportedEvent("filter")) == Refusal("UNKNOWN_CATEGORY", "filter")


def test_a_filter_names_a_category_or_an_order_or_both() -> None:
    told = ReportedEvent("filter", category="Cups", sort="price-asc")
    assert seen(told) == Fact("filter", DAY, categories=("Cups",), sort="price-asc")
    assert seen(ReportedEvent("filter", sort="name")) == Fact("filter", DAY, sort="name")


def test_where_all_costs_the_same_nothing_is_cheap_or_dear() -> None:
    for even in (shop(*(product(f"p{at}") for at in range(9))), shop(product("only"))):
        fact = to_fact(
            ReportedEvent("view", ((next(iter(even.products)), 1),)), even, prices_of(even), DAY
        )
        assert isinstance(fact, Fact)
        assert (fact.low, fact.high) == (0, 0)
