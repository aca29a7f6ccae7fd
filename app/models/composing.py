"""What came of it: proposals, components, refusals, events and the page that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the model asked us to draw. Nothing in it may be trusted."""

    type: str
    id: str
    config: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Component:
    """A proposal that was admitted: it fits its schema and names only what we sell."""

    type: str
    slot: str
    config: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        """The form in which the model writes it and KV keeps it."""
        return {"type": self.type, "id": self.slot, "config": dict(self.config)}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no to what the model wrote. `where` names the part, never its text."""

    code: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A component and the HTML of its slot."""

    component: Component
    html: str


EventName = Literal["component", "progress", "ready", "error"]


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a page's journal. Ids only ever grow; `data` is JSON on one line."""

    id: int
    name: EventName
    data: str

    @property
    def ends_the_page(self) -> bool:
        """Whether nothing follows: the page is whole, or has failed."""
        return self.name in ("ready", "error")


@dataclass(frozen=True, slots=True)
class KeptPage:
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
