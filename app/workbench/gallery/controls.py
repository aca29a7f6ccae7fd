"""Controls for a component's props: read from the JSON schema that the model must satisfy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.domain.catalog import Shop
from app.domain.page import ComponentSpec
from app.generation.prompt import schema_of
from app.generation.rules import names_in


class Option(NamedTuple):
    """Something that can be chosen."""

    value: str
    label: str


class Control(NamedTuple):
    """A prop as a designer sets it. `kind` is text, long, choice, list, number or flag."""

    name: str
    kind: str
    description: str
    limits: str
    minimum: int
    maximum: int
    options: Sequence[Option]
    required: bool = False
    value: object = None


def controls(spec: ComponentSpec, shop: Shop, config: Mapping[str, object]) -> list[Control]:
    """Return a control for every prop, set to what the config says."""
    schema = schema_of(spec.props)
    required = schema.get("required", ())
    return [
        _control(name, value, shop)._replace(required=name in required, value=config.get(name))
        for name, value in schema["properties"].items()
    ]


def _control(name: str, schema: Mapping[str, Any], shop: Shop) -> Control:
    options = _options(schema, shop)
    kind = _kind(schema, options)
    minimum = schema.get("minItems" if kind == "list" else "minLength", 0)
    maximum = schema.get("maxItems" if kind == "list" else "maxLength", 0)
    description, limits = str(schema.get("description", "")), _limits(kind, minimum, maximum)
    return Control(name, kind, description, limits, minimum, maximum, options)


def _options(schema: Mapping[str, Any], shop: Shop) -> list[Option]:
    kind = names_in(schema)
    if kind == "products":
        return [Option(item.id, item.title) for item in shop.products.values()]
    if kind == "categories":
        return [Option(name, name) for name in shop.categories()]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return [Option(str(value), str(value)) for value in values]


def _kind(schema: Mapping[str, Any], options: Sequence[Option]) -> str:
    simple = {"integer": "number", "number": "number", "boolean": "flag", "array": "list"}
    kind = simple.get(str(schema.get("type")), "")
    if kind:
        return kind
    if options:
        return "choice"
    return "long" if schema.get("maxLength", 0) > 60 else "text"  # noqa: PLR2004 - a line of a form


def _limits(kind: str, minimum: int, maximum: int) -> str:
    if kind == "list":
        return f"{minimum} to {maximum}" if maximum else f"at least {minimum}"
    if kind in ("text", "long"):
        return f"{minimum} to {maximum} characters" if maximum else f"at least {minimum} characters"
    return ""
