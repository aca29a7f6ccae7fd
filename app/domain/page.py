"""What a page is made of: proposals, components, refusals, and the page that is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pydantic import BaseModel


class Proposal(NamedTuple):
    """What the model asked us to draw. Nothing in it may be trusted.

    `revision` grows with what an answer has between components beside commas: the end of a list, a
    key, a comment, words. What comes after that corrects what was there for the same slot; without,
    models repeat themselves.
    """

    type: str
    id: str
    config: Mapping[str, object]
    revision: int = 0


class Component(NamedTuple):
    """A proposal that was admitted: it fits its schema and names only what we sell."""

    type: str
    slot: str
    config: Mapping[str, object]

    def as_json(self) -> dict[str, object]:
        """Return the form in which the model writes it and KV keeps it."""
        return {"type": self.type, "id": self.slot, "config": dict(self.config)}


class Refusal(NamedTuple):
    """A no to what the model wrote. `where` names the part, never its text.

    `words` are those that copy may not say: for the model and the workbench, never for a log.
    """

    code: str
    where: str = ""
    words: str = ""


class Choice(NamedTuple):
    """What a prop of a kind of component chooses: `products`, `categories`, or one of `words`.

    Of names it takes from `least` to `most`, or one alone where `most` is 0. `marks` are what
    fields.py asks of products besides: `alike` of one category, `described` with a text to tell,
    `viewed` by the shopper whose page it is.
    """

    prop: str
    of: str
    least: int = 1
    most: int = 0
    marks: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()


class Kind(NamedTuple):
    """What must be known of a kind of component to choose it by rule: its slots and choices."""

    slots: tuple[str, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True, eq=False, repr=False)
class PagePlan:
    """The slots of the page in reading order, and by name the kinds that may fill them.

    What is `optional` may stay empty: it has no fallback. Without what is `required` there is no
    page. `seconds` are the slots' own deadlines, where they have one.
    """

    slots: tuple[str, ...]
    optional: frozenset[str]
    kinds: Mapping[str, Kind]
    required: frozenset[str] = frozenset()
    seconds: Mapping[str, float] = field(default_factory=dict)

    @cached_property
    def own(self) -> frozenset[str]:
        """The slots that show nothing but what a shopper viewed: no model is asked for them."""
        viewed = {
            slot: any("viewed" in choice.marks for choice in kind.choices)
            for kind in self.kinds.values()
            for slot in kind.slots
        }
        return frozenset(slot for slot in self.slots if viewed.get(slot))

    @cached_property
    def for_models(self) -> tuple[str, ...]:
        """The slots that a model is asked for."""
        return tuple(slot for slot in self.slots if slot not in self.own)


class Sample(NamedTuple):
    """A config that shows a component at its best, or at its limits."""

    name: str
    config: Mapping[str, object]


class ComponentSpec(NamedTuple):
    """One kind of component: its props, its slots (the likeliest first), its samples."""

    name: str
    props: "type[BaseModel]"
    slots: tuple[str, ...]
    samples: tuple[Sample, ...]


class SlotSpec(NamedTuple):
    """A place on the store page, as `components/slots.py` states it."""

    id: str
    label: str
    required: bool
    seconds: float | None = None
    optional: bool = False


class RenderedComponent(NamedTuple):
    """A component and the HTML of its slot."""

    component: Component
    html: str


class StoredPage(NamedTuple):
    """A finished page as KV keeps it: what was decided beside what was drawn from it.

    It is drawn anew from what was decided once its content has changed, and at `valid_until` (Unix
    seconds, 0 for never), when other rules of the merchant's begin to hold. `decision` is the
    digest of what decided: prompts, components and models. `id` is that of the composing, empty
    where an earlier version stored it.
    """

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
    valid_until: int = 0
    decision: str = ""
    id: str = ""

    @property
    def edition(self) -> str:
        """What it was drawn from."""
        return edition(self.content, self.valid_until)


def edition(content: str, valid_until: int) -> str:
    """Return a name for what a page is drawn from: its content, and the rules of that time."""
    return f"{content}@{valid_until}" if valid_until else content
