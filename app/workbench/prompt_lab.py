"""The brief exactly as it is sent, with what each part of it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from app.content.prompts import PLACES
from app.domain.catalog import Shop
from app.domain.persona import PERSONA_TYPES, Persona, Signals
from app.generation.prompt import (
    SlotRequest,
    build_prompt,
    count_tokens,
    describe,
    instructions,
)

if TYPE_CHECKING:
    from app.workbench.reload.manager import ContentReloader

_SENSITIVITY: tuple[Literal["low", "medium", "high"], ...] = ("low", "medium", "high")
_MOST_LIKED = 3


T = TypeVar("T")


def read_persona(payload: Mapping[str, Any], shop: Shop) -> Persona:
    """Read the persona a browser asks for; what makes no sense is passed over."""
    kind = _one_of(payload.get("persona"), PERSONA_TYPES, "newcomer")
    sensitivity = _one_of(payload.get("sensitivity"), _SENSITIVITY, "medium")
    given = payload.get("categories")
    sold = shop.categories()
    liked = [name for name in given if name in sold] if isinstance(given, list) else []
    signals = Signals(0.0, tuple(liked[:_MOST_LIKED]), sensitivity)
    confidence = 0.0 if kind == "newcomer" else 0.8
    return Persona(kind, confidence, signals)


def brief_of(live: ContentReloader, shop: Shop, persona: Persona) -> dict[str, Any]:
    """Return what a model would be sent for a whole page, and the tokens of its parts."""
    content = live.version.content
    library = content.library
    stable = instructions(content.prompts.storefront, PLACES, library.offered)
    wanted = SlotRequest(library.plan.asked, optional=library.plan.optional)
    brief = build_prompt(shop, persona, stable, content.prompts.personas, wanted)
    components = {spec.name: count_tokens(describe(spec)) for spec in library.specs.values()}
    return {
        "instructions": brief.instructions,
        "request": brief.request,
        "tokens": brief.tokens,
        "of_instructions": count_tokens(brief.instructions),
        "of_request": count_tokens(brief.request),
        "of_components": components,
    }


def _one_of(payload: object, choices: Sequence[T], default: T) -> T:
    return next((item for item in choices if item == payload), default)
