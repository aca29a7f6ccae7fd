"""Standings: where each product stands by the merchant's rules and without them, and why."""

from __future__ import annotations

from app.catalog.standing import standings
from app.domain.catalog import Shop
from app.domain.merchandising import Rule
from app.domain.persona import NEWCOMER, Persona, Signals
from tests.support.factories import product, shop

SHOP = shop(
    product("lamp-1", tags=("bestseller",)),
    *(product(f"lamp-{at}") for at in range(2, 6)),
    product("cup-1", category="Cups", stock=2),
    product("cup-2", category="Cups", stock=9),
    product("gone", available=False, stock=0),
)
RULES = (
    Rule(7, "pin", ("cup-2",), slot="grid"),
    Rule(3, "boost", ("lamp-5",)),
    Rule(9, "bury", ("lamp-1",)),
    Rule(11, "exclude", ("lamp-4", "lamp-5")),
    Rule(15, "least_stock", amount=3),
)


def why(catalog: Shop = SHOP, persona: Persona = NEWCOMER, *rules: Rule) -> dict[str, str]:
    return {item.product.id: item.reason for item in standings(catalog, persona, rules)}


def test_each_product_that_a_rule_moves_says_which() -> None:
    found = standings(SHOP, NEWCOMER, RULES)
    places = {item.product.id: (item.place, item.without) for item in found}
    assert [item.product.id for item in found[:2]] == ["cup-2", "lamp-5"]
    assert places["lamp-1"][0] > places["lamp-1"][1] == 1
    assert (places["lamp-4"][0], places["cup-1"][0]) == (0, 0)
    assert (
        why(SHOP, NEWCOMER, *RULES).items()
        >= {
            "cup-2": "pin, line 7",
            "lamp-5": "boost, line 3",
            "lamp-1": "bury, line 9",
            "lamp-4": "exclude, line 11",
            "cup-1": "least_stock, line 15",
            "lamp-2": "has a picture",
        }.items()
    )
    assert why()["gone"] == "sold out"
    spread = why(SHOP, NEWCOMER, Rule(13, "diversity", amount=0.1))
    assert [spread[f"lamp-{at}"] for at in (1, 2, 3)].count("diversity, line 13") == 1


def test_what_has_no_room_left_says_so() -> None:
    many = shop(
        *(product(f"lamp-{at}") for at in range(25)),
        *(product(f"cup-{at}", category="Cups") for at in range(25)),
    )
    some = Rule(4, "boost", tuple(f"cup-{at}" for at in range(25)))
    assert "no room among 20" in why(many, NEWCOMER, some).values()
    few = Rule(5, "diversity", amount=0.5)
    liking = Persona("newcomer", 0.5, Signals(category_preferences=("Lamps",)))
    assert "diversity, line 5, or no room among 20" in why(many, liking, few).values()
    part = Rule(6, "share", tuple(f"cup-{at}" for at in range(25)), 0.5)
    reasons = list(why(many, liking, part).values())
    assert reasons.count("share, line 6") == 10
    assert "share, line 6, or no room among 20" in reasons


def test_what_no_rule_moves_says_in_words_why_it_pleases() -> None:
    thrifty = Persona("bargain_hunter", 0.5, Signals(category_preferences=("cups",)))
    assert why()["lamp-1"] == "tagged bestseller, has a picture"
    assert why(SHOP, thrifty)["cup-1"] == "Cups is liked, has a picture, not dear"
    assert why(SHOP, thrifty)["lamp-2"] == "has a picture, not dear"
