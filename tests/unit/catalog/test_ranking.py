"""The shelf: who is shown what first, and how a short shelf is filled."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Literal

import pytest

from app.catalog.ranking import MOST_OFFERED, rank, top_up
from app.domain.catalog import Goods, Money, Shop, Steering
from app.domain.persona import NEWCOMER, PERSONA_TYPES, Interests, Persona, PersonaType, Signals
from tests.support.cases import each
from tests.support.factories import EUR, product, shop


def names(*persona: Persona, most: int = 3) -> list[str]:
    return [item.id for item in rank(SHOP, persona[0] if persona else NEWCOMER, most)]


SHOP = shop(
    product("cheap-cup", "2.00", "Cups", tags=("staple",)),
    product("reduced-cup", "8.00", "Cups", compare_at=Money(Decimal(12), EUR)),
    product("loved-lamp", "20.00", "Lamps", tags=("bestseller", "giftable")),
    product("rare-vase", "90.00", "Vases", tags=("limited", "handmade")),
    product("plain-vase", "30.00", "Vases"),
    product("gone-lamp", "5.00", "Lamps", available=False, tags=("bestseller", "giftable")),
)


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("newcomer", "loved-lamp"),
        ("collector", "rare-vase"),
        ("bargain_hunter", "reduced-cup"),
        ("minimalist", "cheap-cup"),
    ],
)
def test_each_persona_sees_first_what_is_likeliest_to_please(kind: PersonaType, first: str) -> None:
    persona = Persona(kind, 0.9)
    head = names(persona, most=2)
    assert first in head


def test_a_preferred_category_comes_before_others_whatever_its_case() -> None:
    persona = Persona("newcomer", 0.5, Signals(category_preferences=("vases",)))
    assert set(names(persona, most=2)) == {"rare-vase", "plain-vase"}


def test_what_is_sold_out_comes_last() -> None:
    assert names(most=6)[-1] == "gone-lamp"


def test_what_is_sold_out_comes_last_however_well_it_suits() -> None:
    gone = product("gone", "5.00", "Cups", available=False, tags=("set", "refill", "staple"))
    catalog = shop(gone, product("dear", "90.00", "Vases", picture=None))
    signals = Signals(category_preferences=("cups",), price_sensitivity="high")
    ranked = rank(catalog, Persona("bargain_hunter", 0.9, signals))
    assert [item.id for item in ranked] == ["dear", "gone"]


def test_what_is_sold_out_is_offered_only_where_little_is_in_stock() -> None:
    items = [product(f"thing-{at}", available=at % 2 == 0) for at in range(60)]
    assert all(item.available for item in rank(shop(*items), NEWCOMER))
    assert len(rank(shop(*items[:8]), NEWCOMER)) == 8


def test_the_same_persona_sees_the_same_order() -> None:
    assert names(most=6) == names(most=6)


def test_personas_see_equals_in_different_orders() -> None:
    catalog = shop(*(product(f"thing-{at}") for at in range(20)))
    orders = {tuple(item.id for item in rank(catalog, Persona(kind))) for kind in PERSONA_TYPES}
    assert len(orders) == len(PERSONA_TYPES)


def test_no_more_than_twenty_products_are_offered() -> None:
    catalog = shop(*(product(f"thing-{at}") for at in range(50)))
    assert len(rank(catalog, NEWCOMER)) == MOST_OFFERED == 20


def test_an_empty_shop_offers_nothing() -> None:
    empty = shop(product("x"))
    assert rank(type(empty)("e", "E", "", {}), NEWCOMER) == ()


@pytest.mark.parametrize("sensitivity", ["low", "high"])
def test_sensitivity_to_price_moves_what_costs_more_or_less(sensitivity: str) -> None:
    signals = Signals(price_sensitivity=sensitivity)  # type: ignore[arg-type]
    order = names(Persona("explorer", 0.5, signals), most=6)
    dear_first = order.index("plain-vase") < order.index("reduced-cup")
    assert dear_first == (sensitivity == "low")


# ------------------------------------------------------------------ filling a shelf


def filled(*ids: str, size: int = 4) -> list[str]:
    return [item.id for item in top_up(ids, SHOP, size)]


def test_the_named_products_come_first_in_their_order() -> None:
    assert filled("plain-vase", "cheap-cup")[:2] == ["plain-vase", "cheap-cup"]


def test_a_shelf_is_topped_up_in_the_catalogs_order_without_repeats() -> None:
    assert filled("rare-vase") == ["rare-vase", "cheap-cup", "reduced-cup", "loved-lamp"]


def test_a_product_named_twice_or_no_longer_sold_takes_no_place() -> None:
    assert filled("rare-vase", "rare-vase", "unsold") == filled("rare-vase")


def test_what_is_sold_out_tops_up_last() -> None:
    assert filled(size=6)[-1] == "gone-lamp"


def stocked(*ids: str, size: int = 8) -> str:
    """Return a shelf of a shop of six in stock (a to f) and six sold out (u to z)."""
    items = [product(name, available=name < "m") for name in "uvwxyzabcdef"]
    return "".join(item.id for item in top_up(ids, shop(*items), size))


@pytest.mark.parametrize(
    ("named", "shelf"),
    [
        ("uvwxyz", "abcduvwx"),
        ("uefvwx", "efabuvwx"),
        ("uefabvwx", "efabuvwx"),
        ("abcdef", "abcdefuv"),
    ],
)
def test_the_first_places_go_to_what_is_in_stock_and_the_others_to_what_was_named(
    named: str, shelf: str
) -> None:
    assert stocked(*named) == shelf


def test_where_little_is_in_stock_that_leads() -> None:
    items = [product(name, available=name == "f") for name in "uvwxyzf"]
    assert "".join(item.id for item in top_up("uv", shop(*items), 4)) == "fuvw"


def test_where_everything_is_sold_out_the_named_products_lead() -> None:
    items = [product(name, available=False) for name in "uvwxyz"]
    assert "".join(item.id for item in top_up("yx", shop(*items), 4)) == "yxuv"


def test_a_shelf_is_never_longer_than_its_size_nor_than_the_catalog() -> None:
    assert filled("rare-vase", "plain-vase", size=1) == ["rare-vase"]
    assert len(filled(size=99)) == 6


@each("kind", PERSONA_TYPES)
@each("sensitivity", ["low", "medium", "high"])
def test_the_first_of_a_large_shop_are_those_of_all_its_products_in_order(
    kind: PersonaType, sensitivity: Literal["low", "medium", "high"]
) -> None:
    large = large_shop()
    for liked in ((), ("shelf 7",), ("Shelf 39", "shelf 4", "none")):
        persona = Persona(kind, 0.5, Signals(0.0, liked, sensitivity))
        assert rank(large, persona, 30) == rank(large, persona, len(large.products))[:30]


@cache
def large_shop() -> Shop:
    tags = ("staple", "limited", "set", "new", "refill", "bestseller", "handmade")
    items = [
        product(
            f"p{at}",
            f"{at * 37 % 500}.00",
            f"Shelf {at % 40}",
            tags=(tags[at % 7], tags[at % 3]),
            available=at % 4 > 0,
            picture=None if at % 5 == 0 else SHOP.products["rare-vase"].picture,
        )
        for at in range(3_000)
    ]
    large = shop(*items)
    return large._replace(products=Goods(large.products))


def of_interest(
    basket: tuple[str, ...] = (), viewed: tuple[str, ...] = (), bought: tuple[str, ...] = ()
) -> Persona:
    return Persona("explorer", 0.4, interests=Interests(basket, viewed, bought))


def test_the_basket_leads_then_what_was_viewed_then_the_likeliest() -> None:
    usual = names(Persona("explorer", 0.4), most=6)
    chosen = names(of_interest(basket=("plain-vase",), viewed=("reduced-cup",)), most=6)
    rest = [name for name in usual if name not in ("plain-vase", "reduced-cup")]
    assert chosen == ["plain-vase", "reduced-cup", *rest]
    assert chosen != usual


def test_what_was_bought_comes_after_all_that_was_not_but_before_what_is_sold_out() -> None:
    first, *others = names(Persona("explorer", 0.4), most=6)
    assert names(of_interest(bought=(first,)), most=6) == [*others[:-1], first, "gone-lamp"]


def test_what_is_sold_out_or_gone_does_not_lead_for_having_been_viewed() -> None:
    persona = of_interest(basket=("gone-lamp", "long-gone"), viewed=("plain-vase",))
    ranked = names(persona, most=6)
    assert (ranked[0], ranked[-1]) == ("plain-vase", "gone-lamp")
    assert len(ranked) == len(set(ranked)) == 6


def test_a_choice_leaves_most_places_to_what_was_not_seen_yet() -> None:
    viewed = tuple(f"thing-{at}" for at in range(60))
    catalog = shop(*(product(name, picture=None) for name in viewed), *SHOP.products.values())
    ranked = [item.id for item in rank(catalog, of_interest(viewed=viewed))]
    assert ranked[:6] == list(viewed[:6])
    assert set(ranked[6:11]) == {*SHOP.products} - {"gone-lamp"}
    assert len(ranked) == len(set(ranked)) == MOST_OFFERED


def test_the_merchants_rules_hold_whatever_a_shopper_viewed() -> None:
    steering = Steering({"hero": ("rare-vase",)}, frozenset(), frozenset({"plain-vase"}))
    steered = SHOP._replace(steering=steering)
    persona = of_interest(basket=("plain-vase",), viewed=("cheap-cup",), bought=("rare-vase",))
    ranked = [item.id for item in rank(steered, persona, 6)]
    assert ranked[:2] == ["rare-vase", "cheap-cup"]
    assert set(ranked[-2:]) == {"plain-vase", "gone-lamp"}


def test_one_shoppers_interests_leave_no_trace_in_anothers_ranking() -> None:
    catalog = shop(*SHOP.products.values())
    before = rank(catalog, Persona("explorer", 0.4))
    rank(catalog, of_interest(basket=("plain-vase",), bought=(before[0].id,)))
    assert rank(catalog, Persona("explorer", 0.4)) == before
