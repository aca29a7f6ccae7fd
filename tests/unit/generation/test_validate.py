"""Admission: only what the library can draw and the catalog can state reaches a page."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

import pytest
from pydantic import create_model

from app.domain.catalog import Shop
from app.domain.page import Component, Proposal, Refusal
from app.generation.validate import validate
from components.fields import Copy, Field, ProductId, Props
from tests.support.cases import each
from tests.support.factories import product, shop
from tests.support.props import LIBRARY, props_context

SPECS = LIBRARY.specs
SHOP = shop()
HERO: dict[str, object] = {
    "product_id": "thing-1",
    "eyebrow": "New here",
    "headline": "A lamp to read by",
    "text": "It stands quietly beside the chair.",
    "link_text": "See the lamp",
}


def verdict(
    config: dict[str, object], kind: str = "hero", slot: str = "hero"
) -> Component | Refusal:
    return validate(Proposal(kind, slot, config), SPECS, props_context(SHOP), set())


def test_a_component_that_fits_is_admitted_as_it_was_proposed() -> None:
    assert verdict(HERO) == Component("hero", "hero", HERO)


@each(
    ("change", "code", "where"),
    [
        ({"product_id": "made-up"}, "UNKNOWN_PRODUCT", "hero.product_id"),
        ({"product_id": 7}, "UNKNOWN_PRODUCT", "hero.product_id"),
        ({"product_id": True}, "INVALID_PROP", "hero.product_id"),
        ({"product_id": 7.5}, "INVALID_PROP", "hero.product_id"),
        ({"text": "See www.elsewhere.example"}, "URL_IN_COPY", "hero.text"),
        ({"text": "Go to https://x.example/a"}, "URL_IN_COPY", "hero.text"),
        ({"text": "Buy at elsewhere.com now"}, "URL_IN_COPY", "hero.text"),
        ({"text": "Write to me@elsewhere.com"}, "URL_IN_COPY", "hero.text"),
        ({"text": "All of it at bit.ly/lamps"}, "URL_IN_COPY", "hero.text"),
        ({"text": "//elsewhere.example/lamps"}, "URL_IN_COPY", "hero.text"),
        ({"link_text": "javascript:alert"}, "URL_IN_COPY", "hero.link_text"),
        ({"text": "<b>Bold</b> words"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "Fine &amp; good"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "A [link](there)"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "Hello {{ shop }}"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "Hello {name}"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "All of it at lamps.nl"}, "URL_IN_COPY", "hero.text"),
        ({"text": "All of it at lamps.online, and more"}, "URL_IN_COPY", "hero.text"),
        (
            {"text": "All of it at \u043b\u0430\u043c\u043f\u0430.\u0440\u0444"},
            "URL_IN_COPY",
            "hero.text",
        ),
        ({"text": "Write to lamps@elsewhere"}, "URL_IN_COPY", "hero.text"),
        ({"text": "\uff1cscript\uff1e wide"}, "MARKUP_IN_COPY", "hero.text"),
        ({"text": "turn \u202eround"}, "HIDDEN_CHARACTERS", "hero.text"),
        ({"text": "zero\u200bwidth"}, "HIDDEN_CHARACTERS", "hero.text"),
        ({"text": "half \ud83d pair"}, "HIDDEN_CHARACTERS", "hero.text"),
        ({"headline": "x" * 57}, "COPY_TOO_LONG", "hero.headline"),
        ({"headline": ""}, "COPY_TOO_SHORT", "hero.headline"),
        ({"price": "9"}, "EXTRA_PROP", "hero.price"),
        ({"<script>": "9"}, "EXTRA_PROP", "hero.?"),
        ({"headline": None}, "INVALID_PROP", "hero.headline"),
    ],
)
def test_a_prop_that_breaks_a_rule_is_refused_by_name(
    change: dict[str, object], code: str, where: str
) -> None:
    assert verdict({**HERO, **change}) == Refusal(code, where)


@each(
    ("text", "code", "words"),
    [
        ("Now just 9.99", "NUMBER_NOT_STATED", "9.99"),
        ("Yours for €5", "PRICE_IN_COPY", "€ 5"),
        ("Nur 149 kr", "PRICE_IN_COPY", "149 kr"),
        ("With free shipping", "OFFER_NOT_STATED", "with free shipping"),
        ("Heute zum halben Preis", "OFFER_NOT_STATED", "zum halben"),
        ("Just solid walnut", "CLAIM_NOT_STATED", "solid walnut"),
        ("Made to be kept! Always", "EXCLAMATION_IN_COPY", "kept!"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467 at home", "EMOJI_IN_COPY", "👨👩👧"),
    ],
)
def test_copy_that_says_what_the_catalog_does_not_is_refused_with_the_words(
    text: str, code: str, words: str
) -> None:
    assert verdict({**HERO, "text": text}) == Refusal(code, "hero.text", words)


def test_what_the_catalog_says_of_a_product_may_be_said_where_it_is_shown() -> None:
    bench = product("bench", description="Solid walnut, 20 % off until May.", options=("42",))
    context = props_context(shop(bench, product("stool")))
    config = {**HERO, "text": "Solid walnut, now 20 % off, in size 42"}

    def beside(name: str) -> Component | Refusal:
        hero = {**config, "product_id": name}
        return validate(Proposal("hero", "hero", hero), SPECS, context, set())

    assert isinstance(beside("bench"), Component)
    assert isinstance(beside("stool"), Refusal)


def test_a_shelf_may_say_of_how_many_it_is() -> None:
    config: dict[str, object] = {
        "text": "All good.",
        "product_ids": [f"thing-{at}" for at in range(6)],
    }
    for title, admitted in (("Six pieces for a start", True), ("Seven pieces for a start", False)):
        answer = verdict({**config, "title": title}, "grid", "grid")
        assert isinstance(answer, Component) == admitted


def test_the_words_of_a_refusal_are_bounded() -> None:
    refusal = verdict({**HERO, "text": f"Now {'9' * 130} of them"})
    assert isinstance(refusal, Refusal)
    assert refusal.code == "NUMBER_NOT_STATED"
    assert len(refusal.words) == 60


def test_a_missing_prop_is_refused() -> None:
    assert verdict({key: HERO[key] for key in HERO if key != "text"}) == Refusal(
        "MISSING_PROP", "hero.text"
    )


def test_the_gravest_of_several_faults_is_named() -> None:
    refusal = verdict({"product_id": "nope", "headline": "<i>x</i>"})
    assert refusal == Refusal("MARKUP_IN_COPY", "hero.headline")


@pytest.mark.parametrize(("kind", "shown"), [("carousel", "carousel"), ("<b>", "?"), ("../x", "?")])
def test_an_unknown_component_is_refused_and_hostile_names_are_not_repeated(
    kind: str, shown: str
) -> None:
    assert verdict(HERO, kind) == Refusal("UNKNOWN_COMPONENT", shown)


@pytest.mark.parametrize("kind", ["Hero", "HERO", "hero_banner", "HeroSection"])
def test_a_kind_may_be_spelled_in_another_way_and_that_is_counted(kind: str) -> None:
    repairs: Counter[str] = Counter()
    verdict = validate(Proposal(kind, "hero", HERO), SPECS, props_context(SHOP), set(), repairs)
    assert verdict == Component("hero", "hero", HERO)
    assert repairs == {"TYPE_SPELLING": 1}


@pytest.mark.parametrize("kind", ["hero_grid", "Carousel", "heros"])
def test_a_spelling_that_names_no_kind_or_two_is_refused(kind: str) -> None:
    assert verdict(HERO, kind) == Refusal("UNKNOWN_COMPONENT", kind if kind.islower() else "?")


def test_a_kind_may_be_named_by_the_one_slot_it_fills() -> None:
    specs = {"banner": SPECS["hero"]._replace(name="banner", slots=("top",))}
    assert validate(Proposal("top", "top", HERO), specs, props_context(SHOP), set()) == Component(
        "banner", "top", HERO
    )


def test_names_that_were_written_as_numbers_or_wrapped_are_read_and_counted() -> None:
    numbered = shop(*(product(str(at), category="2024") for at in range(100, 112)))
    repairs: Counter[str] = Counter()
    names = [100, "101", 102.0, ["103"], {"id": 104}, {"product_id": "105", "why": "it is warm"}]
    config = {"title": "Shelf", "text": "Of things.", "product_ids": names}
    grid = validate(
        Proposal("grid", "grid", config), SPECS, props_context(numbered), set(), repairs
    )
    assert isinstance(grid, Component)
    assert grid.config["product_ids"] == ["100", "101", "102", "103", "104", "105"]
    assert repairs == {"NAME_AS_NUMBER": 3, "NAME_WRAPPED": 2}


def test_ids_that_were_written_as_one_text_are_a_list() -> None:
    repairs: Counter[str] = Counter()
    ids = [f"thing-{at}" for at in range(8)]
    sold = props_context(shop(*map(product, ids)))
    config = {"title": "Shelf", "text": "Of things.", "product_ids": ", ".join(ids)}
    grid = validate(Proposal("grid", "grid", config), SPECS, sold, set(), repairs)
    assert isinstance(grid, Component)
    assert (grid.config["product_ids"], repairs) == (ids, {"NAME_WRAPPED": 1})


def test_a_prop_may_be_spelled_in_another_way_and_that_is_counted() -> None:
    repairs: Counter[str] = Counter()
    config = {
        "productId": "thing-1",
        "EYEBROW": HERO["eyebrow"],
        "link-text": HERO["link_text"],
        "headline": HERO["headline"],
        "text": HERO["text"],
    }
    admitted = validate(
        Proposal("hero", "hero", config), SPECS, props_context(SHOP), set(), repairs
    )
    assert admitted == Component("hero", "hero", HERO)
    assert repairs == {"PROP_SPELLING": 3}


@pytest.mark.parametrize("name", ["linkText", "hero_text", "texts"])
def test_a_prop_beside_its_own_other_spelling_or_of_other_words_is_refused(name: str) -> None:
    admitted = verdict({**HERO, name: "More of it"})
    assert isinstance(admitted, Refusal)
    assert admitted.code == "EXTRA_PROP"


@pytest.mark.parametrize("key", ["config", "props", "hero", "heroConfig", "Hero"])
def test_props_within_the_config_are_found_and_that_is_counted(key: str) -> None:
    repairs: Counter[str] = Counter()
    proposal = Proposal("hero", "hero", {key: HERO})
    admitted = validate(proposal, SPECS, props_context(SHOP), set(), repairs)
    assert (admitted, repairs) == (Component("hero", "hero", HERO), {"NESTED_CONFIG": 1})


@pytest.mark.parametrize("name", ["hero", "props", "config"])
def test_a_prop_may_be_called_like_its_component_or_like_a_config(name: str) -> None:
    props = create_model("Props", **{name: (dict[str, str], ...)})  # type: ignore[call-overload]
    specs = {"hero": SPECS["hero"]._replace(props=props)}
    repairs: Counter[str] = Counter()
    given: dict[str, object] = {name: {"by": "a"}}
    proposal = Proposal("hero", "hero", given)
    admitted = validate(proposal, specs, props_context(SHOP), set(), repairs)
    assert (admitted, repairs) == (Component("hero", "hero", given), {})


def test_a_slot_is_filled_once() -> None:
    refusal = validate(Proposal("hero", "hero", HERO), SPECS, props_context(SHOP), {"hero"})
    assert refusal == Refusal("SLOT_TAKEN", "hero")


@each(
    ("id_", "filled", "slot"),
    [
        ("", {"hero"}, "second"),
        ("hero", {"hero"}, "hero"),
        ("", {"hero", "second"}, "hero"),
        ("second", {"hero", "second"}, None),
    ],
)
def test_a_draft_gives_way_where_it_is_named_or_no_slot_is_free(
    id_: str, filled: set[str], slot: str | None
) -> None:
    specs = {"hero": SPECS["hero"]._replace(slots=("hero", "second"))}
    context = props_context(SHOP)
    drawn = validate(Proposal("hero", id_, HERO), specs, context, filled, revisable={"hero"})
    assert getattr(drawn, "slot", None) == slot


def test_an_id_that_is_no_slot_means_the_first_free_one() -> None:
    assert verdict(HERO, slot="hero-1") == Component("hero", "hero", HERO)


MIXED = shop(*(product(f"p{at}", available=at > 5) for at in range(12)))
ALL_OUT = shop(*(product(f"p{at}", available=False) for at in range(12)))


def shelf(*places: int, sold: Shop = MIXED) -> Component | Refusal:
    config = {"title": "Shelf", "product_ids": [f"p{at}" for at in places]}
    return validate(
        Proposal("recommendations", "recommendations", config), SPECS, props_context(sold), set()
    )


def test_a_single_product_that_is_sold_out_is_refused() -> None:
    config = {**HERO, "product_id": "p1"}
    refusal = validate(Proposal("hero", "hero", config), SPECS, props_context(MIXED), set())
    assert refusal == Refusal("SOLD_OUT_LEADS", "hero.product_id")
    assert isinstance(
        validate(Proposal("hero", "hero", config), SPECS, props_context(ALL_OUT), set()), Component
    )


def test_a_shelf_is_admitted_with_what_is_sold_out_at_its_end() -> None:
    admitted = shelf(1, 9, 2, 7)
    assert isinstance(admitted, Component)
    assert admitted.config["product_ids"] == ["p9", "p7", "p1", "p2"]


def test_a_shelf_of_what_is_sold_out_is_refused_unless_all_the_shop_is() -> None:
    assert shelf(1, 2, 3) == Refusal("SOLD_OUT_LEADS", "recommendations.product_ids")
    admitted = shelf(3, 1, 2, sold=ALL_OUT)
    assert isinstance(admitted, Component)
    assert admitted.config["product_ids"] == ["p3", "p1", "p2"]


def test_a_product_that_may_be_left_out_is_held_to_the_same() -> None:
    class Note(Props):
        """A note."""

        slots: ClassVar = ("note",)
        product_id: ProductId | None = Field(default=None)

    specs = {"note": SPECS["hero"]._replace(name="note", props=Note, slots=("note",))}

    def note(**config: object) -> Component | Refusal:
        return validate(Proposal("note", "note", config), specs, props_context(MIXED), set())

    assert note() == Component("note", "note", {"product_id": None})
    assert note(product_id="p7") == Component("note", "note", {"product_id": "p7"})
    assert note(product_id="p1") == Refusal("SOLD_OUT_LEADS", "note.product_id")


def test_copy_is_bounded_whatever_its_prop_allows() -> None:
    class Note(Props):
        """A note."""

        slots: ClassVar = ("note",)
        text: Copy
        lines: list[Copy] = Field(default=[])

    specs = {"note": SPECS["hero"]._replace(name="note", props=Note, slots=("note",))}

    def note(**config: object) -> Component | Refusal:
        return validate(Proposal("note", "note", config), specs, props_context(SHOP), set())

    longest = "so " * 333 + "b"
    assert isinstance(note(text=longest), Component)
    assert note(text=f"{longest}c") == Refusal("COPY_TOO_LONG", "note.text")
    assert note(text="So be it", lines=["a@" * 4_000]) == Refusal("COPY_TOO_LONG", "note.lines.0")


def test_a_shelf_may_not_name_a_product_twice() -> None:
    config: dict[str, object] = {
        "title": "Shelf",
        "text": "Of things.",
        "product_ids": ["thing-1"] * 4,
    }
    assert verdict(config, "grid", "grid") == Refusal("REPEATED_NAME", "grid.product_ids")


@pytest.mark.parametrize(
    "text",
    [
        "Care-free mornings, at half past six",
        "Two mugs, one tray & a good book",
        "What’s new: lamps, cups — and more",  # noqa: RUF001 - as models write
        "Für lange Abende, 日本の器",
        "کتاب\u200cهای خوب برای خانه",  # noqa: RUF001 - Persian
    ],
)
def test_ordinary_copy_is_not_mistaken_for_a_fault(text: str) -> None:
    assert isinstance(verdict({**HERO, "text": text}), Component)


def test_joiners_that_join_are_no_hidden_characters() -> None:
    text = "می\u200cخواهم"  # noqa: RUF001 - Persian
    assert verdict({**HERO, "text": text}) == Component("hero", "hero", {**HERO, "text": text})


@pytest.mark.parametrize("text", ["a lamp\u200c here", "a\u200db", "م\u202e\u200cخ"])
def test_joiners_that_join_nothing_are(text: str) -> None:
    refused = verdict({**HERO, "text": text})
    assert isinstance(refused, Refusal)
    assert refused.code == "HIDDEN_CHARACTERS"


@pytest.mark.parametrize(
    ("sold", "fewest"), [(1, 1), (2, 1), (3, 1), (4, 2), (7, 3), (8, 4), (12, 4)]
)
def test_a_list_may_be_as_short_as_half_of_what_a_small_shop_sells(sold: int, fewest: int) -> None:
    small = shop(*(product(f"thing-{at}") for at in range(sold)))
    ids = list(small.products)

    def grid(size: int) -> Component | Refusal:
        config = {"title": "A few things", "text": "All of them good.", "product_ids": ids[:size]}
        return validate(Proposal("grid", "grid", config), SPECS, props_context(small), set())

    assert isinstance(grid(fewest), Component)
    assert grid(fewest - 1) == Refusal("LIST_TOO_SHORT", "grid.product_ids")


def test_the_schema_says_how_long_a_list_should_be() -> None:
    prop = SPECS["grid"].props.model_json_schema()["properties"]["product_ids"]
    assert (prop["minItems"], prop["maxItems"]) == (4, 8)
