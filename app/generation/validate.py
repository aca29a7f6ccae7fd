"""Proposal -> component, or a refusal with its code."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, cast

from app.domain.page import Component, ComponentSpec, Proposal, Refusal
from app.generation.parser.names import CONFIG, role_of, same, spelled

if TYPE_CHECKING:
    from pydantic import ValidationError

_READABLE = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_CODES = {
    "extra_forbidden": "EXTRA_PROP",
    "missing": "MISSING_PROP",
    "string_too_long": "COPY_TOO_LONG",
    "string_too_short": "COPY_TOO_SHORT",
    "string_unicode": "HIDDEN_CHARACTERS",
    "too_long": "LIST_TOO_LONG",
    "too_short": "LIST_TOO_SHORT",
}
_MOST_LETTERS = 60
"""Letters of the words that a refusal repeats."""

_GRAVEST_FIRST = (
    "MARKUP_IN_COPY",
    "URL_IN_COPY",
    "PRICE_IN_COPY",
    "HIDDEN_CHARACTERS",
    "UNKNOWN_PRODUCT",
    "UNKNOWN_CATEGORY",
    "SOLD_OUT_LEADS",
    "EXTRA_PROP",
)


def validate(
    proposal: Proposal,
    specs: Mapping[str, ComponentSpec],
    context: Mapping[str, object],
    filled: AbstractSet[str],
    repairs: Counter[str] | None = None,
    revisable: AbstractSet[str] = frozenset(),
) -> Component | Refusal:
    """Check a proposal against the library and the catalog. `filled` are the slots taken.

    Of those the `revisable` are taken by a draft, which gives way where none is free.
    `context` is what PropsContext makes of the shop.
    `repairs` counts by kind what was not written as it should be and could be read all the same.
    """
    repairs = Counter() if repairs is None else repairs
    kind = _kind_of(proposal, specs, repairs)
    if not kind:
        return Refusal("UNKNOWN_COMPONENT", _readable(proposal.type))
    spec = specs[kind]
    slot = _slot_for(proposal, spec, filled, revisable)
    if slot is None:
        return Refusal("SLOT_TAKEN", kind)
    try:
        props = spec.props.model_validate(
            _given(proposal.config, spec, repairs), context={**context, "repairs": repairs}
        )
    except ValueError as error:
        return _refusal(kind, cast("ValidationError", error))
    return Component(kind, slot, props.model_dump())


def _kind_of(proposal: Proposal, specs: Mapping[str, ComponentSpec], repairs: Counter[str]) -> str:
    """Return the kind that the type names: by itself, spelled in another way, or by its slot."""
    if proposal.type in specs:
        return proposal.type
    kind = spelled(proposal.type, specs)
    if not kind:
        slots = {slot for spec in specs.values() for slot in spec.slots}
        slot = spelled(proposal.type, slots)
        kinds = [name for name, spec in specs.items() if slot in spec.slots]
        kind = kinds[0] if len(kinds) == 1 else ""
    if kind:
        repairs["TYPE_SPELLING"] += 1
    return kind


def _given(
    config: Mapping[str, object], spec: ComponentSpec, repairs: Counter[str]
) -> dict[str, object]:
    """Return the props by their names, however those are spelled.

    Those that may be left out and are null, as strict schemas want, are not among them. An object
    of them within the config that has nothing else, called like a config or the component, is it.
    """
    fields = spec.props.model_fields
    match [*config.items()]:
        case [(key, dict(inner))] if not same(key, fields):
            if role_of(key) == CONFIG or spelled(key, (spec.name,)):
                repairs["NESTED_CONFIG"] += 1
                config = inner
    given: dict[str, object] = {}
    for written, value in config.items():
        name = written if written in fields else same(written, fields)
        if name and name != written and name not in config:
            repairs["PROP_SPELLING"] += 1
        else:
            name = written
        if value is not None or name not in fields or fields[name].is_required():
            given[name] = value
    return given


def _slot_for(
    proposal: Proposal,
    spec: ComponentSpec,
    filled: AbstractSet[str],
    revisable: AbstractSet[str],
) -> str | None:
    """Return the slot the proposal's id names, else the first free one its kind may fill."""
    slots = [proposal.id] if proposal.id in spec.slots else spec.slots
    free = [slot for slot in slots if slot not in filled]
    return next(iter(free or [slot for slot in slots if slot in revisable]), None)


def _refusal(kind: str, error: ValidationError) -> Refusal:
    """Name the gravest fault; where it stands is a prop's name, never its value."""
    faults = error.errors(include_url=False, include_input=False)
    fault = min(faults, key=lambda fault: _gravity(_code(fault["type"])))
    parts = (str(part) if isinstance(part, int) else _readable(part) for part in fault["loc"])
    words = str(fault.get("ctx", {}).get("words", ""))[:_MOST_LETTERS]
    return Refusal(_code(fault["type"]), ".".join((kind, *parts)), words)


def _code(fault: str) -> str:
    return fault if fault.isupper() else _CODES.get(fault, "INVALID_PROP")


def _gravity(code: str) -> int:
    return _GRAVEST_FIRST.index(code) if code in _GRAVEST_FIRST else len(_GRAVEST_FIRST)


def _readable(name: str) -> str:
    """Return a name the model wrote if it is fit for a log, else a question mark."""
    return name if _READABLE.fullmatch(name) else "?"
