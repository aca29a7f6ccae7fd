"""The house's rules: a whole page for every persona, from any catalog, without a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from app.catalog.load import load_catalogs
from app.content.prompts import load_prompts
from app.domain.catalog import Shop
from app.domain.page import Choice, Component, Kind, PagePlan, Proposal
from app.domain.persona import PERSONA_TYPES, Interests, Persona, Signals
from app.generation.rules import House, compose, fallback, own_components, restock
from app.generation.validate import validate
from app.rendering.renderer import Renderer
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from tests.support.cases import each
from tests.support.props import LIBRARY, props_context

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
PROMPTS = load_prompts(ROOT / "prompts")
LINES = PROMPTS.house
SLOTS, OPTIONAL = LIBRARY.plan.slots, LIBRARY.plan.optional
HOUSE = House(LIBRARY.plan, PROMPTS.house_in)
PERSONAS = [Persona(kind, 0.8) for kind in PERSONA_TYPES]
PERSONAS.append(
    Persona("collector", 0.8, Signals(300.0, ("Desk", "no such thing"), "low", ("compares",)))
)
ENOUGH = 4
"""Products that the grid's props ask for at the least."""


def demo(size: int) -> Shop:
    return DEMO._replace(products=dict(list(DEMO.products.items())[:size]))


def verdicts(shop: Shop, persona: Persona, seed: str = "seed") -> dict[str, Any]:
    filled: set[str] = set()
    found = {}
    for item in compose(shop, persona, HOUSE, seed):
        verdict = validate(Proposal(*item), LIBRARY.specs, props_context(shop), filled)
        found[item.slot] = verdict
        if isinstance(verdict, Component):
            filled.add(verdict.slot)
    return found


@each("persona", PERSONAS)
@each("size", [ENOUGH + 1, 8, 9, 12, 30])
def test_everything_the_house_writes_is_admitted(persona: Persona, size: int) -> None:
    for seed in ("a", "b", "c", "d"):
        found = verdicts(demo(size), persona, seed)
        assert all(isinstance(verdict, Component) for verdict in found.values()), found
        own = {slot for kind in LINES[persona.type] for slot in LIBRARY.specs[kind].slots}
        there = [slot for slot in SLOTS if slot not in OPTIONAL or slot in own]
        few = [slot for slot in there if slot not in OPTIONAL or slot in found]
        assert list(found) == (few if size < len(DEMO.products) else there)


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.type)
def test_all_is_admitted_from_a_tiny_catalog_whatever_of_it_is_sold_out(persona: Persona) -> None:
    stocks = (there for size in (1, 2, 3, 4) for there in product((True, False), repeat=size))
    for there in stocks:
        few = demo(len(there))
        items = zip(few.products.values(), there, strict=True)
        shop = few._replace(products={it.id: it._replace(available=is_) for it, is_ in items})
        found = verdicts(shop, persona)
        assert all(isinstance(verdict, Component) for verdict in found.values()), (there, found)


@pytest.mark.parametrize("size", [1, 2, 3, 8, 30])
def test_the_fallback_draws_every_slot_of_any_catalog(size: int) -> None:
    shop = demo(size)
    addresses = ShopUrls(shop.id, "", {})
    renderer = Renderer(
        environment(LIBRARY.folder),
        LIBRARY.specs,
        LIBRARY.slots,
        urls_of=lambda _: addresses,
        props_context=props_context,
    )
    drawn = renderer.fallbacks(shop, fallback(shop, HOUSE))
    assert set(drawn) == set(SLOTS) - OPTIONAL
    assert all(filling.by == "fallback" and filling.html.strip() for filling in drawn.values())


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.type)
def test_the_same_seed_gives_the_same_page(persona: Persona) -> None:
    assert compose(DEMO, persona, HOUSE, "x") == compose(DEMO, persona, HOUSE, "x")


def test_another_seed_may_give_other_words_and_never_other_products() -> None:
    pages = [compose(DEMO, PERSONAS[0], HOUSE, str(seed)) for seed in range(20)]
    heroes = [page[0].config for page in pages]
    assert len({hero["headline"] for hero in heroes}) > 1
    assert len({hero["product_id"] for hero in heroes}) == 1


def test_personas_see_different_pages() -> None:
    pages = [compose(DEMO, item, HOUSE, "x") for item in PERSONAS[:6]]
    assert len({page[0].config["headline"] for page in pages}) == len(pages)


def test_the_hero_and_the_grids_first_four_are_not_repeated_in_the_row() -> None:
    page: Any = {item.slot: item.config for item in compose(DEMO, PERSONAS[0], HOUSE, "x")}
    hero, grid, row = (page[slot] for slot in ("hero", "grid", "recommendations"))
    assert hero["product_id"] not in grid["product_ids"]
    others = {hero["product_id"], *grid["product_ids"], *row["product_ids"]}
    assert page["feature"]["product_id"] not in others
    assert set(row["product_ids"]).isdisjoint({hero["product_id"], *grid["product_ids"][:4]})


def test_the_hero_prefers_what_has_a_picture_and_can_be_had() -> None:
    first, second, *_ = DEMO.products.values()
    shop = DEMO._replace(
        products={
            first.id: first._replace(picture=None, tags=("bestseller", "giftable")),
            second.id: second._replace(available=True),
        },
    )
    page = compose(shop, PERSONAS[0], HOUSE, "x")
    assert page[0].config["product_id"] == second.id


def test_there_is_copy_for_every_component_and_every_persona_has_its_own() -> None:
    assert set(LINES["fallback"]) == {spec.name for spec in LIBRARY.offered}
    for name in ("fallback", *PERSONA_TYPES):
        filled = {slot for kind in LINES[name] for slot in LIBRARY.specs[kind].slots}
        assert filled >= set(SLOTS) - OPTIONAL
        assert all(LINES[name].values())


def test_the_house_knows_slots_and_kinds_from_the_library_alone() -> None:
    promise = Kind(
        ("promise",),
        (
            Choice("lamp", "products", marks=frozenset({"described"})),
            Choice("pair", "products", 2, 2, frozenset({"alike"})),
            Choice("rooms", "categories", 2, 3),
            Choice("look", "words", words=("calm", "loud")),
        ),
    )
    slots = ("hero", "promise", "nobody")
    plan = PagePlan(slots, frozenset({"nobody"}), {**LIBRARY.kinds, "promise": promise})
    lines: dict[str, dict[str, list[dict[str, str]]]] = {
        name: {"hero": LINES["newcomer"]["hero"], "promise": []}
        for name in ("fallback", *PERSONA_TYPES)
    }
    hero, made = compose(DEMO, PERSONAS[0], House(plan, lambda _: lines), "x")
    config: Any = made.config
    assert (made.type, made.slot, list(config)) == (
        "promise",
        "promise",
        ["lamp", "pair", "rooms", "look"],
    )
    assert config["lamp"] != hero.config["product_id"]
    assert len({DEMO.products[name].category for name in config["pair"]}) == 1
    assert (len(config["rooms"]), config["look"]) == (3, "calm")


def test_what_may_stay_out_does_where_the_shop_has_nothing_for_it() -> None:
    untold = {name: item._replace(description="") for name, item in DEMO.products.items()}
    page = compose(DEMO._replace(products=untold), PERSONAS[0], HOUSE, "x")
    assert [item.slot for item in page] == [slot for slot in SLOTS if slot not in OPTIONAL]


def test_what_rules_read_of_a_component_is_what_its_props_state() -> None:
    assert set(LIBRARY.kinds) == set(LIBRARY.specs)
    for name, spec in LIBRARY.specs.items():
        schema = spec.props.model_json_schema()["properties"]
        stated = []
        for prop, value in schema.items():
            names = value.get("names") or value.get("items", {}).get("names")
            if names:
                limits = (value.get("minItems", 1), value.get("maxItems", 0))
                stated.append((prop, names, *limits, ()))
            elif "enum" in value:
                stated.append((prop, "words", 1, 0, tuple(value["enum"])))
        kind = LIBRARY.kinds[name]
        assert kind.slots == spec.slots
        assert [(it.prop, it.of, it.least, it.most, it.words) for it in kind.choices] == stated


@pytest.mark.parametrize("language", PROMPTS.translations)
def test_what_the_house_says_is_said_in_every_language_and_admitted_there(language: str) -> None:
    own = PROMPTS.translations[language]
    shop = DEMO._replace(locale=language)
    for name in ("fallback", *PERSONA_TYPES):
        shapes = {kind: [set(line) for line in lines] for kind, lines in own[name].items()}
        assert shapes == {
            kind: [set(line) for line in lines] for kind, lines in LINES[name].items()
        }
    for persona in PERSONAS:
        for seed in ("a", "b", "c", "d"):
            found = verdicts(shop, persona, seed)
            assert all(isinstance(verdict, Component) for verdict in found.values()), found


def test_a_region_speaks_as_its_language_does_and_a_gap_is_filled_in_english() -> None:
    assert PROMPTS.house_in("de-AT") == PROMPTS.house_in("de") != LINES
    assert PROMPTS.house_in("nl") is LINES
    gaps = PROMPTS._replace(translations={"nl": {"collector": {"hero": []}}})
    assert gaps.house_in("nl")["collector"] == {**LINES["collector"], "hero": []}
    assert gaps.house_in("nl")["explorer"] == LINES["explorer"]


# ------------------------------------------------------------------ what is sold out


def test_what_a_shopper_viewed_is_shown_by_rule_and_never_replaced() -> None:
    ids = tuple(DEMO.products)
    mine = Interests(viewed=("gone", *ids[:4]))
    (recent,) = own_components(DEMO, mine, LIBRARY.plan)
    assert recent == Component("recent", "recent", {"product_ids": list(ids[:4])})
    assert own_components(DEMO, Interests(), LIBRARY.plan) == []
    few = DEMO._replace(products={name: DEMO.products[name] for name in ids[2:]})
    assert own_components(few, mine, LIBRARY.plan) == []
    again = restock(
        [recent],
        changed(ids[:1], removed=True),
        COLLECTOR,
        specs=LIBRARY.specs,
        context=props_context(DEMO),
        lines=LINES,
    )
    assert again == [recent], "it is refused as it is, and stays out"


def with_stock(*in_stock: int, size: int = 30) -> Shop:
    """Return the demo shop's first products, of which only these can be had."""
    items = list(DEMO.products.values())[:size]
    changed = [item._replace(available=at in in_stock, stock=None) for at, item in enumerate(items)]
    return DEMO._replace(products={item.id: item for item in changed})


@each("persona", PERSONAS)
@each("in_stock", [(29,), (3, 9), (1, 2, 3, 4, 5, 6, 7, 8, 9, 10), range(15)])
def test_the_house_and_the_fallback_lead_with_what_is_in_stock(
    persona: Persona, in_stock: Sequence[int]
) -> None:
    shop = with_stock(*in_stock)
    for page in (compose(shop, persona, HOUSE, "x"), fallback(shop, HOUSE)):
        configs: Any = {item.slot: item.config for item in page}
        hero, grid, row = (dict(configs[kind]) for kind in ("hero", "grid", "recommendations"))
        assert shop.products[str(hero["product_id"])].available
        others = len(in_stock) - 1
        for shelf in (grid["product_ids"], row["product_ids"]):
            leading = [shop.products[name].available for name in shelf[: min(others, 3)]]
            assert all(leading)


def test_a_shop_in_which_everything_is_sold_out_has_its_page_all_the_same() -> None:
    found = verdicts(with_stock(), PERSONAS[1])
    admitted = {item.slot for item in found.values() if isinstance(item, Component)}
    assert admitted == set(SLOTS) - OPTIONAL


def components(shop: Shop, persona: Persona) -> list[Component]:
    """Return a page as a model might have made it, in words of its own."""
    return [
        verdict._replace(config={**verdict.config, "headline": "Words of a model"})
        if verdict.type == "hero"
        else verdict
        for verdict in verdicts(shop, persona).values()
    ]


def restocked(page: list[Component], shop: Shop, persona: Persona) -> dict[str, Mapping[str, Any]]:
    again = restock(
        page, shop, persona, specs=LIBRARY.specs, context=props_context(shop), lines=LINES
    )
    assert [item.slot for item in again] == [item.slot for item in page]
    for item in again:
        assert isinstance(
            validate(Proposal(*item), LIBRARY.specs, props_context(shop), set()), Component
        )
    return {item.slot: item.config for item in again}


COLLECTOR = PERSONAS[PERSONA_TYPES.index("collector")]


def changed(gone: Iterable[str], *, removed: bool) -> Shop:
    """Return the demo shop after these products have sold out, or are sold no longer."""
    products = dict(DEMO.products)
    for name in gone:
        if removed:
            del products[name]
        else:
            products[name] = products[name]._replace(available=False)
    return DEMO._replace(products=products)


@pytest.mark.parametrize("removed", [False, True])
def test_a_hero_that_is_gone_gives_way_to_the_next_of_the_same_page(removed: bool) -> None:
    page = components(DEMO, COLLECTOR)
    grid: Any = page[2].config["product_ids"]
    shop = changed([str(page[0].config["product_id"]), grid[0]], removed=removed)
    hero = restocked(page, shop, COLLECTOR)["hero"]
    assert hero["product_id"] == grid[1]
    lines = [line["headline"] for line in LINES["collector"]["hero"]]
    assert hero["headline"] in lines, "the words of another product are not said of this one"


@pytest.mark.parametrize("removed", [False, True])
def test_a_shelf_keeps_what_is_left_of_it_and_its_words(removed: bool) -> None:
    page = components(DEMO, COLLECTOR)
    before: Any = page[2].config
    gone = before["product_ids"][:2]
    after: Any = restocked(page, changed(gone, removed=removed), COLLECTOR)["grid"]
    assert after["title"] == before["title"]
    left = [name for name in before["product_ids"] if name not in gone]
    decided = left if removed else before["product_ids"]
    assert after["product_ids"][: len(decided)] == decided


def test_a_shelf_of_which_nothing_is_in_stock_is_filled_from_the_rest_of_the_page() -> None:
    page = components(DEMO, COLLECTOR)
    grid: Any = page[2].config["product_ids"]
    row: Any = page[4].config["product_ids"]
    after: Any = restocked(page, changed(grid, removed=False), COLLECTOR)["grid"]
    assert after["product_ids"][: len(row)] == row
    assert len(after["product_ids"]) == len(grid)


def test_what_is_in_stock_is_left_as_it_was_decided() -> None:
    page = components(DEMO, COLLECTOR)
    assert (
        restock(
            page, DEMO, COLLECTOR, specs=LIBRARY.specs, context=props_context(DEMO), lines=LINES
        )
        == page
    )


def test_where_everything_has_sold_out_the_page_stays_as_it_was_decided() -> None:
    page = components(DEMO, COLLECTOR)
    shop = with_stock()
    assert (
        restock(
            page, shop, COLLECTOR, specs=LIBRARY.specs, context=props_context(shop), lines=LINES
        )
        == page
    )


def test_a_component_for_which_the_house_has_no_words_stays_as_it_was() -> None:
    page = components(DEMO, COLLECTOR)
    shop = changed([str(page[0].config["product_id"])], removed=False)
    lines = {"collector": {"grid": LINES["collector"]["grid"]}}
    assert (
        restock(
            page, shop, COLLECTOR, specs=LIBRARY.specs, context=props_context(shop), lines=lines
        )
        == page
    )
