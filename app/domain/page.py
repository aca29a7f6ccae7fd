"""What a page is made of: proposals, components, refusals, and the page that is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Proposal(NamedTuple):
    """What the model asked us to draw. Nothing in it may be trusted."""

    type: str
    id: str
    config: Mapping[str, object]


class Component(NamedTuple):
    """A proposal that was admitted: it fits its schema and names only what we sell."""

    type: str
    slot: str
    config: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        """The form in which the model writes it and KV keeps it."""
        return {"type": self.type, "id": self.slot, "config": dict(self.config)}


class Refusal(NamedTuple):
    """A no to what the model wrote. `where` names the part, never its text.

    `words` are those that copy may not say: for the model and the workbench, never for a log.
    """

    code: str
    where: str = ""
    words: str = ""


class RenderedComponent(NamedTuple):
    """A component and the HTML of its slot."""

    component: Component
    html: str


class StoredPage(NamedTuple):
    """A finished page as KV keeps it: what was decided beside what was drawn from it."""

    html: str
    components: Sequence[Component]
    persona_type: str
    persona_hash: str
    generated_at: str
    model: str
    generation_time_ms: int
    content: str
    shop_id: str
    product_count: int
