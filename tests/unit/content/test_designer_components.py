"""What a designer may rely on, and must keep to: props, samples and styles of every component."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.catalog.load import load_catalogs
from app.domain.page import Component, ComponentSpec, Proposal
from app.generation.validate import validate
from app.rendering.renderer import Renderer
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from app.workbench.gallery.fixtures import sold_out
from app.workbench.gallery.states import state_names
from tests.support.props import LIBRARY, props_context

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
SPECS = list(LIBRARY.specs.values())
FOLDER = ROOT / "components"
DRAWING = environment(FOLDER), LIBRARY.specs, LIBRARY.slots
_FORBIDDEN = re.compile(r"price|cost|amount|url|href|src|link$|address|html|markup|script|style")

pytestmark = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


def texts(props: type[BaseModel]) -> list[str]:
    """Return the names of the props that are the model's own words."""
    return [
        name
        for name, field in props.model_fields.items()
        if field.annotation is str and not any(hasattr(item, "kind") for item in field.metadata)
    ]


def test_there_are_samples_for_the_typical_and_the_limits(spec: ComponentSpec) -> None:
    names = [sample.name for sample in spec.samples]
    assert len(names) == len(set(names)) >= 3
    assert names[0] == "typical"


def test_every_sample_is_admitted_with_the_demo_catalog(spec: ComponentSpec) -> None:
    for sample in spec.samples:
        proposal = Proposal(spec.name, spec.slots[0], sample.config)
        verdict = validate(proposal, LIBRARY.specs, props_context(DEMO), set())
        assert isinstance(verdict, Component), (sample.name, verdict)


def test_the_longest_sample_is_near_every_limit(spec: ComponentSpec) -> None:
    longest = next(sample for sample in spec.samples if sample.name == "longest")
    schema = spec.props.model_json_schema()["properties"]
    for name in texts(spec.props):
        limit = schema[name]["maxLength"]
        assert len(str(longest.config[name])) >= limit * 0.7, name


def test_every_text_has_a_limit(spec: ComponentSpec) -> None:
    schema = spec.props.model_json_schema()["properties"]
    assert all(0 < schema[name]["maxLength"] <= 200 for name in texts(spec.props))


def test_every_list_has_a_limit(spec: ComponentSpec) -> None:
    schema = spec.props.model_json_schema()["properties"].values()
    lists = [value for value in schema if value.get("type") == "array"]
    assert all(0 < value["minItems"] <= value["maxItems"] <= 20 for value in lists)


def test_every_prop_is_described_and_so_is_the_component(spec: ComponentSpec) -> None:
    assert spec.props.__doc__
    assert all(field.description for field in spec.props.model_fields.values())


def test_no_prop_is_a_price_an_address_or_markup(spec: ComponentSpec) -> None:
    assert not [name for name in spec.props.model_fields if _FORBIDDEN.search(name)]


def test_nothing_extra_nothing_coerced_nothing_changed(spec: ComponentSpec) -> None:
    config = spec.props.model_config
    assert (config.get("extra"), config.get("strict"), config.get("frozen")) == (
        "forbid",
        True,
        True,
    )


def test_its_slots_are_slots_of_the_page(spec: ComponentSpec) -> None:
    assert spec.slots
    assert {slot.id for slot in LIBRARY.slots}.issuperset(spec.slots)


def test_its_styles_speak_only_of_classes_that_are_drawn(spec: ComponentSpec) -> None:
    drawn = _written(FOLDER / f"{spec.name}.jinja", *(FOLDER / "parts").glob("*.jinja"))
    styled = set(re.findall(r"\.(-?[a-z][\w-]*)", _selectors(FOLDER / f"{spec.name}.css")))
    assert {name for name in styled if name not in drawn} <= {"slot"}


def test_it_says_what_is_sold_out_and_does_not_call_to_buy_it(spec: ComponentSpec) -> None:
    shop = sold_out(DEMO)
    renderer = Renderer(
        *DRAWING, urls_of=lambda shop: ShopUrls(shop.id, "", {}), props_context=props_context
    )
    config = {**spec.samples[0].config, "link_text": "Take it home"}
    config = {name: value for name, value in config.items() if name in spec.props.model_fields}
    component = Component(spec.name, spec.slots[0], config)
    before, after = (renderer.component(component, sold) for sold in (DEMO, shop))
    assert isinstance(before, str)
    assert isinstance(after, str)
    assert ("Take it home" in before) == ("link_text" in config)
    assert "Take it home" not in after
    assert "sold out" not in before.lower()
    assert "sold out" in after.lower()


def test_the_gallery_shows_it_sold_out(spec: ComponentSpec) -> None:
    assert state_names(spec)[-1] == "sold-out"


def _written(*paths: Path) -> set[str]:
    """Return every word in the templates that could be a class."""
    return set(re.findall(r"[a-z][\w-]*", " ".join(path.read_text() for path in paths)))


def _selectors(path: Path) -> str:
    """Return a style sheet without comments, strings and declarations."""
    css = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", path.read_text(), flags=re.DOTALL)
    return " ".join(re.findall(r"([^{};]*)\{", css))
