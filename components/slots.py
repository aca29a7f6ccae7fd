"""The slots of the store page, in reading order. shell.jinja places them; components fill them."""

from __future__ import annotations

from typing import NamedTuple


class Slot(NamedTuple):
    """A place on the page. `label` names it for screen readers.

    A page counts as composed only when every `required` slot was filled by the model. What is
    `optional` has no fallback and stays out of the page where nobody fills it. A component that
    comes later than `seconds` after the page was begun is not shown any more: the shopper has long
    read past its place. Where it is None, the shop's own setting holds.
    """

    id: str
    label: str
    required: bool = False
    seconds: float | None = None
    optional: bool = False


SLOTS = (
    Slot("hero", "Featured", required=True),
    Slot("filters", "Find your way"),
    Slot("grid", "Chosen for you", required=True),
    Slot("feature", "A closer look", optional=True),
    Slot("recommendations", "You may also like"),
    Slot("recent", "Looked at lately", optional=True),
    Slot("cta", "Before you go"),
)
