"""The persona rules, each stated by hand: what a shopper does, and what is made of it."""

from __future__ import annotations

import json
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.facts import KINDS, MAX_FACTS, Fact, read_fact
from app.domain.persona import NEWCOMER
from app.personas.rules import classify
from tests.support.cases import each


def about(kind: str, category: str = "Lamps", product: str = "p", **more: int) -> Fact:
    return Fact(kind, products=(product,), categories=(category,), **more)  # type: ignore[arg-type]


def views(count: int, category: str = "Lamps", **more: int) -> list[Fact]:
    return [about("view", category, f"{category}-{at}", **more) for at in range(count)]


def wandering() -> list[Fact]:
    return [item for name in "abcd" for item in views(3, name)]


def test_who_has_done_little_is_the_newcomer_everybody_begins_as() -> None:
    assert classify([]) == classify(views(7)) == NEWCOMER
    assert classify(views(8)) != NEWCOMER


@pytest.mark.parametrize(
    ("count", "confidence"),
    [(8, 0.4), (15, 0.4), (16, 0.55), (32, 0.7), (64, 0.85), (128, 0.95), (200, 0.95)],
)
def test_confidence_grows_in_few_steps(count: int, confidence: float) -> None:
    assert classify(views(count)).confidence == confidence


def test_two_types_that_are_as_likely_lower_the_confidence() -> None:
    undecided = [*wandering(), *views(3, "a", day=2), *views(3, "b", day=3)]
    assert "returns" in classify([*undecided, *views(1, "c")]).signals.browsing_patterns
    low = [fact._replace(low=1) for fact in wandering()]
    assert classify(low).type == "bargain_hunter"
    assert classify(low).confidence == 0.25


@each(
    ("facts", "kind"),
    [
        ([about("purchase", cents=9000)] * 2, "loyalist"),
        ([fact for day in range(3) for fact in [*views(4, "a", day=day), *views(4, "b", day=day)]], "loyalist"),
        (views(8, low=1), "bargain_hunter"),
        (views(8, reduced=1), "bargain_hunter"),
        ([Fact("filter", categories=(name,), sort="price-asc") for name in "abcd"], "bargain_hunter"),
        (views(8, high=1), "collector"),
        (wandering(), "explorer"),
        (views(8), "minimalist"),
        ([*views(3, "a"), *views(3, "b"), about("add_to_basket", "a")], "minimalist"),
    ],
)  # fmt: skip
def test_each_type_is_told_by_what_it_does(facts: list[Fact], kind: str) -> None:
    assert classify(facts).type == kind


def test_what_is_told_twice_a_day_counts_once_and_anew_the_next_day() -> None:
    told = [about("view", product=str(at % 7)) for at in range(100)]
    assert classify(told) == NEWCOMER
    assert classify([*told, about("view", day=1)]) != NEWCOMER


def test_orders_are_averaged_in_whole_cents_and_free_ones_do_not_count() -> None:
    orders = [about("purchase", cents=cents) for cents in (1000, 1001, 1001, 0)]
    assert classify(orders).signals.avg_order_value == 10.0


def test_categories_are_liked_from_a_fifth_of_all_interest_the_last_met_first() -> None:
    facts = [*views(3, "a"), *views(9, "b"), *views(3, "c"), *views(1, "d")]
    assert classify(facts).signals.category_preferences == ("b",)
    even = [fact for name in "abc" for fact in views(4, name)]
    assert classify(even).signals.category_preferences == ("c", "b", "a")


def test_a_glance_is_no_dwell() -> None:
    glances = [about("dwell", seconds=9)] * 50
    assert classify(glances) == NEWCOMER
    assert classify([fact._replace(seconds=10) for fact in glances]) != NEWCOMER


def test_only_the_newest_facts_count() -> None:
    old = [about("purchase", cents=90_000)] * 10
    assert classify([*old, *views(MAX_FACTS)]) == classify(views(MAX_FACTS))


def test_what_lies_between_low_and_high_is_medium() -> None:
    both = [*views(8, "a", low=1), *views(5, "b", high=1)]
    assert classify(both).signals.price_sensitivity == "medium"
    assert classify([*both, *views(6, "c", high=1, day=2)]).signals.price_sensitivity == "medium"


def test_the_order_of_unlike_categories_does_not_matter() -> None:
    parts = [views(9, "a"), views(6, "b"), views(3, "c")]
    personas = {
        classify([fact for part in order for fact in part]) for order in permutations(parts)
    }
    assert len(personas) == 1


FACTS = st.builds(
    Fact,
    kind=st.sampled_from(KINDS),
    day=st.integers(0, 3),
    products=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    categories=st.lists(st.text(max_size=3), max_size=3).map(tuple),
    low=st.integers(0, 20),
    high=st.integers(0, 20),
    reduced=st.integers(0, 20),
    cents=st.integers(0, 10**9),
    seconds=st.integers(0, 600),
    sort=st.sampled_from(("", "name", "price-asc", "price-desc")),
    origins=st.just(()),
)


@given(st.lists(FACTS, max_size=260))
def test_any_facts_make_a_persona_within_bounds(facts: list[Fact]) -> None:
    persona = classify(facts)
    assert persona == classify(facts)
    assert 0 <= persona.confidence <= 1
    assert (persona == NEWCOMER) == (persona.type == "newcomer")
    assert len(persona.signals.category_preferences) <= 3
    assert len(persona.signals.browsing_patterns) <= 3


@given(FACTS)
def test_a_fact_is_read_as_it_was_stored(fact: Fact) -> None:
    products, categories = (
        tuple(filter(None, names)) for names in (fact.products, fact.categories)
    )
    origins = tuple(f"page/{name}" if at else "" for at, name in enumerate(products))
    whole = fact._replace(products=products, categories=categories, origins=origins)
    assert read_fact(json.loads(whole.as_json())) == whole


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists, max_leaves=9))
def test_nothing_that_is_stored_can_break_the_reading(value: object) -> None:
    names = (*Fact._fields, "more")
    for kind in (*KINDS, value):
        read = read_fact({**dict.fromkeys(names, value), "kind": kind})
        assert read is None or classify([read] * 9)
