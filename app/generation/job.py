"""One page being generated, and the tools that generating pages takes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from app.domain.catalog import Shop
from app.domain.events import Event, EventName, Lease
from app.domain.limits import Deadlines, ParseLimits
from app.domain.llm import Model
from app.domain.network import Client
from app.domain.page import (
    Component,
    ComponentSpec,
    PagePlan,
    Refusal,
    RenderedComponent,
    StoredPage,
)
from app.domain.persona import Interests, PageKey, Persona
from app.generation.rules import House
from app.generation.trace import Trace
from app.rendering.renderer import Renderer, SlotContent


class Journal(Protocol):
    """The part of the page journal that generating writes to."""

    def begin_with(self, page_id: str, entries: list[tuple[EventName, str]]) -> None: ...

    def append(self, page_id: str, entries: list[tuple[EventName, str]]) -> None: ...

    def events(self, page_id: str) -> tuple[Event, ...]: ...


async def nothing(*_: object) -> None:
    """Do nothing: there is nothing to wait for, and nobody to be told."""


async def no_interests(*_: object) -> Interests:
    """Return no interests: the page is the same for all shoppers of a kind."""
    return Interests()


class GeneratorTools(NamedTuple):
    """What all generators share.

    `models_of` returns the models in their order, the house last, which chooses by this; `ready`
    waits until the library is loaded. `finished` takes the key of an arm, empty for none, and the
    trace of a page of it that has ended. `interests` says what may interest the shopper whose page
    it is, `personal` whether what they did counts, and `viewed` what they viewed, which fills some
    slots by rule.
    """

    journal: Journal
    models_of: Callable[[House], Sequence[Model]]
    deadlines: Deadlines = Deadlines()
    parsing: ParseLimits = ParseLimits()
    ready: Callable[[], Awaitable[None]] = nothing
    finished: Callable[[str, Trace], Awaitable[None]] = nothing
    interests: Callable[[PageKey, Shop], Awaitable[Interests]] = no_interests
    personal: bool = True
    viewed: Callable[[PageKey], Awaitable[Interests]] = no_interests


class GeneratorDeps(NamedTuple):
    """What the pages of one arm, or of none, are made with. `models` are asked in their order.

    `decision` is the digest of what the models are told, and of which they are.
    """

    tools: GeneratorTools
    models: Sequence[Model]
    renderer: Renderer
    specs: Mapping[str, ComponentSpec]
    plan: PagePlan
    instructions: Callable[[], str]
    persona_briefs: Mapping[str, str]
    decision: str = ""
    arm: str = ""


@dataclass(slots=True, eq=False, repr=False)
class PageJob:
    """One page on its way: whose it is, what is asked for, and what has become of it so far.

    `wanted` are the slots to fill; `base` is what was decided before and stays; `own` is by rule,
    and its shopper's alone. A slot without one of the `fallbacks` may stay empty. `client` is for
    whom, as the budget counts it, and `lease` what the page is composed by where processes share
    it; once `alone` it is shared no more. `began` is in the event loop's seconds. `shop` is as the
    merchant's rules have it for the persona, until `valid_until`. `answered` says that a model was
    heard or given up, and so is paid, whatever came of it. `revisable` has the revision of the
    answer being read from which each slot was drawn. `for_others` is what came too late for this
    page, and the model that it is from.
    """

    id: str
    key: PageKey
    shop: Shop
    persona: Persona
    content: str
    fallbacks: Mapping[str, SlotContent]
    trace: Trace
    wanted: tuple[str, ...]
    base: Sequence[Component] = ()
    base_model: str = ""
    client: Client = Client()
    lease: Lease | None = None
    alone: bool = False
    valid_until: int = 0
    began: float = 0.0
    drawn: dict[str, RenderedComponent] = field(default_factory=dict)
    own: Sequence[RenderedComponent] = ()
    for_others: dict[str, tuple[RenderedComponent, str]] = field(default_factory=dict)
    models: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    followed_up: bool = False
    answered: bool = False
    revisable: dict[str, int] = field(default_factory=dict)
    stored: StoredPage | None = None
    failed: str = ""

    @property
    def unfilled(self) -> list[str]:
        """The slots to fill that show their fallback as yet."""
        return [slot for slot in self.wanted if slot in self.fallbacks.keys() - self.drawn.keys()]
