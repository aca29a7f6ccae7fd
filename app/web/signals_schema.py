"""The body of POST /signals: what a browser may tell, checked field by field.

Loaded when the first beacon comes, since nobody needs it to see the shop.
"""

from __future__ import annotations

import unicodedata
from functools import partial
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from app.domain.facts import MAX_SECONDS, REPORTED, ReportedEvent
from app.web.body import Rejected

MAX_EVENTS = 20
MAX_ITEMS = 20
MAX_QUANTITY = 99
MAX_NAME_LENGTH = 200
MAX_FIELD_LENGTH = 40
"""Characters of a field's name that an answer repeats."""

Sort = Literal["", "featured", "price-asc", "price-desc", "name"]
SORTS: tuple[Sort, ...] = get_args(Sort)


def _whole(number: object) -> object:
    """Take 2.0 for 2, as JavaScript does, which knows no difference."""
    return int(number) if isinstance(number, float) and number.is_integer() else number


_Text = Annotated[
    str, Field(max_length=MAX_NAME_LENGTH), AfterValidator(partial(unicodedata.normalize, "NFC"))
]
"""Composed as the catalog's own texts, however a page of the merchant's writes them."""

_Name = Annotated[_Text, Field(min_length=1)]
_Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY), BeforeValidator(_whole)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _View(_Strict):
    kind: Literal["view"]
    product: _Name

    def to_event(self) -> ReportedEvent:
        return ReportedEvent(self.kind, ((self.product, 1),))


class _Filter(_Strict):
    kind: Literal["filter"]
    category: _Text = ""
    sort: Sort = ""

    def to_event(self) -> ReportedEvent:
        return ReportedEvent(self.kind, category=self.category, sort=self.sort)


class _Dwell(_Strict):
    kind: Literal["dwell"]
    product: _Name
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS), BeforeValidator(_whole)]

    def to_event(self) -> ReportedEvent:
        return ReportedEvent(self.kind, ((self.product, 1),), seconds=self.seconds)


class _AddToBasket(_Strict):
    kind: Literal["add_to_basket"]
    product: _Name
    quantity: _Quantity = 1

    def to_event(self) -> ReportedEvent:
        return ReportedEvent(self.kind, ((self.product, self.quantity),))


class _Item(_Strict):
    product: _Name
    quantity: _Quantity = 1


class _Purchase(_Strict):
    kind: Literal["purchase"]
    items: Annotated[list[_Item], Field(min_length=1, max_length=MAX_ITEMS)]
    order: _Text = ""

    def to_event(self) -> ReportedEvent:
        items = tuple((item.product, item.quantity) for item in self.items)
        return ReportedEvent(self.kind, items, order=self.order)


class _Shown(_Strict):
    kind: Literal["shown"]
    slot: _Name
    by: _Name
    products: Annotated[list[_Name], Field(max_length=MAX_ITEMS)] = []

    def to_event(self) -> ReportedEvent:
        items = tuple((product, 1) for product in self.products)
        return ReportedEvent(self.kind, items, slot=self.slot, component=self.by)


class _Click(_Strict):
    kind: Literal["click"]
    slot: _Name
    by: _Name
    product: _Name
    place: Annotated[int, Field(ge=1, le=MAX_ITEMS), BeforeValidator(_whole)]

    def to_event(self) -> ReportedEvent:
        item = ((self.product, 1),)
        return ReportedEvent(self.kind, item, slot=self.slot, component=self.by, place=self.place)


_Event = Annotated[
    _View | _Filter | _Dwell | _AddToBasket | _Purchase | _Shown | _Click,
    Field(discriminator="kind"),
]


class _Beacon(_Strict):
    events: Annotated[list[_Event], Field(min_length=1, max_length=MAX_EVENTS)]


def read_beacon(body: bytes) -> list[ReportedEvent]:
    """Read a body.

    Raises:
        Rejected: it is not JSON, or not of the form; the first field that is not is named.
    """
    try:
        beacon = _Beacon.model_validate(from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _rejected(_field(first["loc"]), _why(first["type"], first["msg"])) from None
    except ValueError:
        raise _rejected("body", "is not JSON") from None
    return [event.to_event() for event in beacon.events]


def _rejected(field: str, why: str) -> Rejected:
    return Rejected(400, "INVALID_SIGNALS", f"{field}: {why}", field)


def _field(place: tuple[int | str, ...]) -> str:
    """Return where in the body: without the kind, which pydantic puts in between."""
    steps = [str(step) for at, step in enumerate(place) if at != 2 or step not in REPORTED]  # noqa: PLR2004
    return ".".join(step[:MAX_FIELD_LENGTH] for step in steps) or "body"


def _why(kind: str, message: str) -> str:
    """Return pydantic's reason, but for those that repeat what was sent."""
    own = {
        "union_tag_invalid": f"kind must be one of {', '.join(REPORTED)}",
        "union_tag_not_found": "kind is missing",
        "extra_forbidden": "there is no such field",
    }
    return own.get(kind, message)
