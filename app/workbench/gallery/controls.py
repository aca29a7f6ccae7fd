"""Controls for a component's props: read from the JSON schema that the model must satisfy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from app.content.components import ComponentSpec
from app.domain.catalog import Shop
from app.workbench.gallery.fixtures import kinds_of_names


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
    required: bool
    minimum: int
    maximum: int
    options: Sequence[Option]
    value: object


def controls(spec: ComponentSpec, shop: Shop, config: Mapping[str, object]) -> list[Control]:
    """Return a control for every prop, set to what the config says."""
    schema = spec.props.model_json_schema()
    required, kinds = set(schema.get("required", ())), kinds_of_names(spec)
    return [
        _control(name, value, _options(value, kinds.get(name, ""), shop))._replace(
            required=name in required, value=config.get(name)
        )
        for name, value in schema["properties"].items()
    ]


def _options(schema: Mapping[str, Any], kind: str, shop: Shop) -> list[Option]:
    if kind == "products":
        return [Option(item.id, item.title) for item in shop.products.values()]
    if kind == "categories":
        return [Option(name, name) for name in shop.categories()]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or ()
    return [Option(str(value), str(value)) for value in values]


def _control(name: str, schema: Mapping[str, Any], options: list[Option]) -> Control:
    kind = _kind(schema, options)
    minimum = schema.get("minItems" if kind == "list" else "minLength", 0)
    maximum = schema.get("maxItems" if kind == "list" else "maxLength", 0)
    description = str(schema.get("description", ""))
    limits = _limits(kind, minimum, maximum)
    return Control(name, kind, description, limits, False, minimum, maximum, options, None)


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
