"""The persona hash: like shoppers share it, and it never depends on spelling or order."""

from __future__ import annotations

import re

import pytest

from app.domain.persona import NEWCOMER, PageKey, Persona, Shopper, Signals
from app.personas.key import confidence_band, page_key, persona_hash
from tests.support.cases import each


def persona(confidence: float = 0.87, **signals: object) -> Persona:
    return Persona("minimalist", confidence, Signals(**signals))  # type: ignore[arg-type]


def test_a_hash_has_the_contracts_shape() -> None:
    assert re.fullmatch(r"v2_minimalist_85_[0-9a-f]{12}", persona_hash(persona()))


def test_the_newcomers_hash_stays_what_it_is() -> None:
    assert persona_hash(NEWCOMER) == "v2_newcomer_0_13efff8fd5bb"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (persona(0.85), persona(0.899)),
        (persona(avg_order_value=51), persona(avg_order_value=99.99)),
        (persona(category_preferences=("A", "b")), persona(category_preferences=("B ", " a", "a"))),
        (persona(browsing_patterns=("e\u0301",)), persona(browsing_patterns=("\u00e9",))),
    ],
)
def test_like_shoppers_share_a_hash(one: Persona, other: Persona) -> None:
    assert persona_hash(one) == persona_hash(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (persona(0.85), persona(0.84)),
        (persona(avg_order_value=49), persona(avg_order_value=50)),
        (persona(price_sensitivity="low"), persona(price_sensitivity="high")),
        (persona(category_preferences=("a",)), persona(browsing_patterns=("a",))),
    ],
)
def test_unlike_shoppers_do_not(one: Persona, other: Persona) -> None:
    assert persona_hash(one) != persona_hash(other)


@each(
    ("confidence", "band"),
    [(0, 0), (0.049, 0), (0.05, 5), (0.29, 25), (0.3, 30), (0.57, 55), (0.999, 95), (1, 100), (7, 100)],
)  # fmt: skip
def test_confidence_is_rounded_down_to_a_multiple_of_five(confidence: float, band: int) -> None:
    assert confidence_band(confidence) == band


def test_hostile_names_cannot_break_the_hash() -> None:
    odd = persona(category_preferences=('"}', "\ud800", "\x00", "x" * 10_000))
    assert re.fullmatch(r"v2_minimalist_85_[0-9a-f]{12}", persona_hash(odd))


def test_a_key_belongs_to_one_shopper_and_one_persona() -> None:
    shopper = Shopper("shop_" + "0" * 32, "test")
    assert page_key(shopper) == PageKey(shopper.id, persona_hash(NEWCOMER))
    assert str(page_key(shopper)) == f"ui:{shopper.id}:{persona_hash(NEWCOMER)}"
