"""Builds the JSON schema of an answer, for providers that can enforce one.

One small schema for each slot rather than one union of all components, of which models choose the
simplest. It keeps to what OpenAI's and Anthropic's strict modes both read: every field required and
null where it may be left out, nothing extra, no lengths, and ids as enums of what is offered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.llm import Prompt
from app.domain.page import ComponentSpec
from app.generation.prompt import MOST_CATEGORIES, schema_of

SHAPE = (
    "Answer with one JSON object that has a key for each of these slots, in this order, "
    "and under it the slot's component."
)
"""What a prompt says of it, since the instructions speak of a list."""

_MOST_NAMES = 200
"""Names in an enum; the strict modes stop at a thousand in all. Beyond it any text may stand."""

_KEPT = ("type", "enum", "const", "description", "items", "properties", "anyOf", "$ref")


def answer_schema(specs: Mapping[str, ComponentSpec], prompt: Prompt) -> dict[str, Any]:
    """Return the schema of an object with a component for each slot that is asked for."""
    offered = {
        "products": [item.id for item in prompt.products],
        "categories": list(prompt.shop.categories()[:MOST_CATEGORIES]),
    }
    definitions: dict[str, Any] = {
        name: {"type": "string", "enum": names} if 0 < len(names) <= _MOST_NAMES else _TEXT
        for name, names in offered.items()
    }
    by_slot: dict[str, list[Any]] = {slot: [] for slot in prompt.slots}
    for kind, spec in specs.items():
        schema = schema_of(spec.props)
        definitions |= {name: _strict(it) for name, it in schema.get("$defs", {}).items()}
        for slot in set(spec.slots) & by_slot.keys():
            parts = {"type": {"type": "string", "enum": [kind]}, "config": _strict(schema)}
            by_slot[slot].append(_object(parts))
    slots = {
        slot: choices[0] if len(choices) == 1 else {"anyOf": choices}
        for slot, choices in by_slot.items()
        if choices
    }
    slots |= {slot: _nullable(it) for slot, it in slots.items() if slot in prompt.optional}
    return {**_object(slots), "$defs": definitions}


_TEXT: dict[str, Any] = {"type": "string"}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def _strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of pydantic's as the strict modes want it."""
    if "names" in schema:
        return {"$ref": f"#/$defs/{schema['names']}"}
    strict = {key: schema[key] for key in _KEPT if key in schema}
    if "items" in strict:
        strict["items"] = _strict(strict["items"])
    if "anyOf" in strict:
        strict["anyOf"] = [_strict(choice) for choice in strict["anyOf"]]
    if "properties" in strict:
        required = schema.get("required", ())
        strict |= _object(
            {
                name: _strict(it) if name in required else _nullable(_strict(it))
                for name, it in strict["properties"].items()
            }
        )
    return strict


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    null = {"type": "null"}
    choices = schema.get("anyOf", [schema])
    return schema if null in choices else {"anyOf": [*choices, null]}
