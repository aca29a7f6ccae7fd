"""The schema of an answer: what strict modes read, and what validation admits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

import pytest
from pydantic import BaseModel

from app.catalog.load import load_catalogs
from app.domain.llm import Prompt
from app.domain.page import Component, ComponentSpec, Proposal
from app.domain.persona import NEWCOMER
from app.generation.parser.parser import ProposalParser
from app.generation.parser.proposal import Names
from app.generation.prompt import SlotRequest, build_prompt
from app.generation.schema import answer_schema
from app.generation.validate import validate
from app.settings import ROOT
from components.fields import Copy, Field, ProductId, Props
from tests.support.factories import product, shop
from tests.support.fake_llm.checks import refusal
from tests.support.props import LIBRARY, props_context

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
SPECS = LIBRARY.specs
SLOTS = ("hero", "filters", "grid", "recommendations", "cta")


class Detail(BaseModel):
    """A part of a component."""

    note: str = Field(max_length=9)
    more: str | None = None


class Story(Props):
    """A story with parts that may be left out."""

    slots: ClassVar = ("story", "hero")

    product_id: ProductId | None = Field(default=None, description="whose story")
    title: Copy = Field(max_length=40)
    mood: Literal["calm", "bright"] = "calm"
    details: list[Detail] = Field(default=[], max_length=3)


def made(props: type[BaseModel], *slots: str) -> ComponentSpec:
    return ComponentSpec("story", props, slots, ())


def prompt_for(*slots: str, sold: Any = DEMO) -> Prompt:
    return build_prompt(sold, NEWCOMER, "stable", {"newcomer": "new"}, SlotRequest(slots))


def refused(schema: Mapping[str, Any]) -> object:
    """Return what a provider would say of the schema."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": schema}}
    messages = [{"role": "user", "content": "x"}]
    body = {"model": "m", "messages": messages, "stream": True, "response_format": form}
    headers = {"authorization": "Bearer k", "content-type": "application/json"}
    return refusal("openai", headers, body)


def objects(schema: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from objects(item)


def test_each_slot_that_is_asked_for_has_a_schema_of_its_own_in_order() -> None:
    schema = answer_schema(SPECS, prompt_for("grid", "cta"))
    assert list(schema["properties"]) == schema["required"] == ["grid", "cta"]
    parts = schema["properties"]["grid"]["properties"]
    assert list(parts) == ["type", "config"], "the type comes first"
    assert parts["type"]["enum"] == ["grid"]


@pytest.mark.parametrize("specs", [SPECS, {"story": made(Story, "story", "hero")}])
def test_strict_modes_would_take_it(specs: Any) -> None:
    schema = answer_schema(specs, prompt_for(*SLOTS, "story"))
    assert refused(schema) is None
    assert refused({**schema, "title": "x"}) is not None, "the check sees what is not strict"


def test_names_are_those_that_are_offered() -> None:
    prompt = prompt_for(*SLOTS)
    schema = answer_schema(SPECS, prompt)
    assert schema["$defs"]["products"]["enum"] == [item.id for item in prompt.products]
    assert set(schema["$defs"]["categories"]["enum"]) <= set(DEMO.categories())
    hero = schema["properties"]["hero"]["properties"]["config"]["properties"]
    grid = schema["properties"]["grid"]["properties"]["config"]["properties"]
    assert hero["product_id"] == {"$ref": "#/$defs/products"}
    assert grid["product_ids"]["items"] == {"$ref": "#/$defs/products"}


def test_what_may_be_left_out_may_be_null() -> None:
    schema = answer_schema({"story": made(Story, "story")}, prompt_for("story"))
    config = schema["properties"]["story"]["properties"]["config"]
    null = {"type": "null"}
    assert config["required"] == ["product_id", "title", "mood", "details"]
    assert config["properties"]["title"] == {"type": "string"}
    for name in ("product_id", "mood", "details"):
        assert null in config["properties"][name]["anyOf"]
    specs = {"story": made(Story, "story")}
    empty = {"product_id": None, "title": "A story", "mood": None, "details": None}
    verdict = validate(Proposal("story", "story", empty), specs, props_context(DEMO), set())
    assert isinstance(verdict, Component)
    assert verdict.config["mood"] == "calm"


def test_a_slot_that_several_kinds_may_fill_leaves_the_choice() -> None:
    specs: dict[str, ComponentSpec] = {
        "hero": SPECS["hero"],
        "story": made(Story, "story", "hero"),
    }
    hero = answer_schema(specs, prompt_for("hero"))["properties"]["hero"]
    kinds = [choice["properties"]["type"]["enum"] for choice in hero["anyOf"]]
    assert kinds == [["hero"], ["story"]]


def test_a_slot_that_may_stay_out_may_be_null() -> None:
    prompt = prompt_for("hero", "feature")._replace(optional=frozenset({"feature"}))
    slots = answer_schema(SPECS, prompt)["properties"]
    assert {"type": "null"} in slots["feature"]["anyOf"]
    assert "anyOf" not in slots["hero"]


def test_its_size_is_bounded_whatever_is_sold() -> None:
    names = [f"{'long-' * 20}{at}" for at in range(1_000)]
    many = shop(*(product(f"p-{at}", category=name) for at, name in enumerate(names)))
    prompt = prompt_for(*SLOTS, sold=many)
    offered = prompt._replace(products=tuple(many.products.values()))
    assert len(json.dumps(answer_schema(SPECS, prompt))) < 16_384
    assert answer_schema(SPECS, offered)["$defs"]["products"] == {"type": "string"}


def test_an_answer_in_its_shape_is_read_as_components() -> None:
    samples = {kind: dict(spec.samples[0].config) for kind, spec in SPECS.items()}
    answer = {kind: {"type": kind, "config": config} for kind, config in samples.items()}
    parser = ProposalParser(names=Names(known=SPECS))
    found = [*parser.feed(json.dumps(answer)), *parser.close()]
    assert [item[:3] for item in found] == [(kind, kind, it) for kind, it in samples.items()]
    assert not parser.repairs
