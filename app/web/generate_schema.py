"""The body of `POST /generate`, checked field by field.

This module loads pydantic: it is imported with the first request, not at the start.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.domain.persona import (
    MAX_NAME_LENGTH,
    MAX_NAMES,
    MAX_ORDER_VALUE,
    Persona,
    PersonaType,
    Signals,
)
from app.web.body import Rejected
from app.web.cookies import SHOPPER_ID

_MOST_PRODUCTS = 5_000

Name = Annotated[str, Field(max_length=MAX_NAME_LENGTH)]
Color = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SignalsIn(_Strict):
    """A shopper's signals. Money is in the shop's currency, major units."""

    avg_order_value: Annotated[float, Field(ge=0, le=MAX_ORDER_VALUE, allow_inf_nan=False)] = 0.0
    category_preferences: list[Name] = Field(default_factory=list, max_length=MAX_NAMES)
    price_sensitivity: Literal["low", "medium", "high"] = "medium"
    browsing_patterns: list[Name] = Field(default_factory=list, max_length=MAX_NAMES)


class PersonaIn(_Strict):
    """Whom the page is for."""

    type: PersonaType
    confidence: float = Field(ge=0, le=1, allow_inf_nan=False)
    signals: SignalsIn = SignalsIn()


class ProductIn(_Strict):
    """A product of a shop that this server has no catalog of."""

    id: str = Field(min_length=1, max_length=200)
    title: str = Field(min_length=1, max_length=1_000)
    price: float = Field(ge=0, le=1e12, allow_inf_nan=False)
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    image_url: Annotated[str | None, Field(max_length=2_048)] = None
    category: Annotated[str | None, Field(max_length=1_000)] = None
    tags: list[Name] = Field(default_factory=list, max_length=MAX_NAMES)
    available: bool = True


class BrandIn(_Strict):
    """How the shop looks and speaks."""

    primary_color: Color | None = None
    secondary_color: Color | None = None
    font_family: Name | None = None
    tone: Name | None = None


class ShopIn(_Strict):
    """Which shop. Products and brand count only where this server has no catalog of it."""

    shop_id: str = Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$")
    products: list[ProductIn] = Field(default_factory=list, max_length=_MOST_PRODUCTS)
    brand_guidelines: BrandIn = BrandIn()


class OptionsIn(_Strict):
    """`force` composes anew; `components` names the only kinds to be composed."""

    force: bool = False
    components: Annotated[list[Name], Field(min_length=1, max_length=MAX_NAMES)] | None = None


class GenerateRequest(_Strict):
    """The body of `POST /generate` (platform contract)."""

    shopper_id: str = Field(pattern=f"^{SHOPPER_ID}$")
    persona: PersonaIn
    shop: ShopIn
    options: OptionsIn = OptionsIn()

    def to_persona(self) -> Persona:
        """Return the persona as the rest of the shop knows it."""
        sent, signals = self.persona, self.persona.signals
        return Persona(
            sent.type,
            sent.confidence,
            Signals(
                signals.avg_order_value,
                tuple(signals.category_preferences),
                signals.price_sensitivity,
                tuple(signals.browsing_patterns),
            ),
        )


def read_request(body: bytes) -> GenerateRequest:
    """Take a body for a request.

    Raises:
        Rejected: a field of it cannot be used; it is named, but never its value.
    """
    try:
        return GenerateRequest.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        path = ".".join(_shown(part) for part in first["loc"]) or "the body"
        code = "INVALID_PERSONA" if first["loc"][:1] == ("persona",) else "INVALID_REQUEST"
        raise Rejected(400, code, f"{path}: {first['msg']}") from None


def _shown(part: int | str) -> str:
    """Return a step of a path; an unknown field's name is the sender's, so it is bounded."""
    text = str(part)[:60]
    return text if text.isprintable() else ascii(text)
