"""The house's rules: a whole page for every persona, from any catalog, without a model."""

from __future__ import annotations

from typing import Any

import pytest

from app.catalog.load import load_catalogs
from app.content.components import load_library
from app.content.prompts import load_prompts
from app.domain.catalog import Shop
from app.domain.page import Component, Proposal
from app.domain.persona import PERSONA_TYPES, Persona, Signals
from app.generation.rules import compose, fallback
from app.generation.validate import validate
from app.rendering.renderer import Renderer, environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
LIBRARY = load_library(ROOT / "components")
LINES = load_prompts(ROOT / "prompts").house
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
    for item in compose(shop, persona, LINES, seed):
        config: Any = item["config"]
        verdict = validate(
            Proposal(str(item["type"]), str(item["id"]), config), LIBRARY.specs, shop, filled
        )
        found[str(item["type"])] = verdict
        if isinstance(verdict, Component):
            filled.add(verdict.slot)
    return found


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.type)
@pytest.mark.parametrize("size", [ENOUGH + 1, 8, 9, 12, 30])
def test_everything_the_house_writes_is_admitted(persona: Persona, size: int) -> None:
    for seed in ("a", "b", "c", "d"):
        found = verdicts(demo(size), persona, seed)
        assert all(isinstance(verdict, Component) for verdict in found.values()), found
        assert list(found) == ["hero", "filters", "grid", "recommendations", "cta"]


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.type)
@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_from_a_tiny_catalog_all_but_the_shelves_are_admitted(persona: Persona, size: int) -> None:
    found = verdicts(demo(size), persona)
    for kind in ("hero", "filters", "cta"):
        assert isinstance(found[kind], Component)
    for kind in ("grid", "recommendations"):
        verdict = found[kind]
        assert isinstance(verdict, Component) or verdict.code == "LIST_TOO_SHORT"


@pytest.mark.parametrize("size", [1, 2, 3, 8, 30])
def test_the_fallback_draws_every_slot_of_any_catalog(size: int) -> None:
    shop = demo(size)
    addresses = ShopUrls(shop.id, "", {})
    renderer = Renderer(
        environment(LIBRARY.folder), LIBRARY.specs, LIBRARY.slots, lambda _: addresses
    )
    drawn = renderer.fallbacks(shop, fallback(shop, LINES))
    assert set(drawn) == {slot.id for slot in LIBRARY.slots}
    assert all(filling.by == "fallback" and filling.html.strip() for filling in drawn.values())


@pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.type)
def test_the_same_seed_gives_the_same_page(persona: Persona) -> None:
    assert compose(DEMO, persona, LINES, "x") == compose(DEMO, persona, LINES, "x")


def test_another_seed_may_give_other_words_and_never_other_products() -> None:
    pages = [compose(DEMO, PERSONAS[0], LINES, str(seed)) for seed in range(20)]
    heroes: list[Any] = [page[0]["config"] for page in pages]
    assert len({hero["headline"] for hero in heroes}) > 1
    assert len({hero["product_id"] for hero in heroes}) == 1


def test_personas_see_different_pages() -> None:
    pages: list[list[dict[str, Any]]] = [compose(DEMO, item, LINES, "x") for item in PERSONAS[:6]]
    assert len({page[0]["config"]["headline"] for page in pages}) == len(pages)


def test_the_hero_and_the_grids_first_four_are_not_repeated_in_the_row() -> None:
    page: Any = compose(DEMO, PERSONAS[0], LINES, "x")
    hero, grid, row = (page[at]["config"] for at in (0, 2, 3))
    assert hero["product_id"] not in grid["product_ids"]
    assert set(row["product_ids"]).isdisjoint({hero["product_id"], *grid["product_ids"][:4]})


def test_the_hero_prefers_what_has_a_picture_and_can_be_had() -> None:
    first, second, *_ = DEMO.products.values()
    shop = DEMO._replace(
        products={
            first.id: first._replace(picture=None, tags=("bestseller", "giftable")),
            second.id: second._replace(available=True),
        },
    )
    page: Any = compose(shop, PERSONAS[0], LINES, "x")
    assert page[0]["config"]["product_id"] == second.id


def test_there_is_copy_for_every_persona_and_component() -> None:
    for name in ("fallback", *PERSONA_TYPES):
        assert set(LINES[name]) == set(LIBRARY.specs)
        assert all(LINES[name].values())
