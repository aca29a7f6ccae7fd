"""Who generates the pages of a shop: one for its own prompts, and one for each arm."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from typing import NamedTuple

from app.content.prompts import PLACES
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.domain.experiments import HOUSE, PLAIN, Arm
from app.domain.limits import Deadlines, ParseLimits
from app.domain.llm import Model
from app.domain.persona import Interests, PageKey
from app.generation.generator import Generator
from app.generation.job import GeneratorDeps, Journal, no_interests, nothing
from app.generation.prompt import instructions
from app.generation.rules import House
from app.generation.trace import Trace
from app.rendering.renderer import Renderer

_DIGITS = 12


class GeneratorTools(NamedTuple):
    """What all generators share.

    `models_of` returns the models in their order, the house last, which chooses by this;
    `finished` takes the key of an arm and the trace of a page of it that has ended. `interests`
    says what may interest the shopper whose page it is, `personal` whether what they did counts,
    and `viewed` what of it is theirs alone.
    """

    journal: Journal
    models_of: Callable[[House], Sequence[Model]]
    deadlines: Deadlines
    parsing: ParseLimits
    ready: Callable[[], Awaitable[None]] = nothing
    finished: Callable[[str, Trace], Awaitable[None]] = nothing
    interests: Callable[[PageKey, Shop], Awaitable[Interests]] = no_interests
    personal: bool = True
    viewed: Callable[[PageKey], Awaitable[Interests]] = no_interests


def arm_generators(
    content: SiteContent, renderer: Renderer, tools: GeneratorTools
) -> Mapping[str, Generator]:
    """Return the generators of all arms whose pages are composed, by the arms' keys."""
    return {
        key: build_generator(content, renderer, tools, (key, arm))
        for key, arm in content.experiments.experiments.arms()
        if arm.page != PLAIN
    }


def build_generator(
    content: SiteContent,
    renderer: Renderer,
    tools: GeneratorTools,
    of_arm: tuple[str, Arm] | None = None,
) -> Generator:
    """Return who generates pages: by the shop's prompts and models, or as an arm has it."""
    library = content.library
    key, arm = of_arm or ("", None)
    prompts = content.experiments.prompts.get(arm.prompts if arm else "", content.prompts)
    models = tools.models_of(House(library.plan, prompts.house_in))
    if arm is not None and arm.page == HOUSE:
        models = models[-1:]
    alone = repr((prompts.house, prompts.translations)) if len(models) == 1 else ""
    texts = (prompts.storefront, *prompts.personas.values(), library.schema_digest, alone)
    deciding = (*texts, *(model.name for model in models))
    if not tools.personal:
        deciding = (*deciding, "not personal")
    deps = GeneratorDeps(
        models=models,
        journal=tools.journal,
        renderer=renderer,
        specs=library.specs,
        plan=library.plan,
        instructions=cache(lambda: instructions(prompts.storefront, PLACES, library.offered)),
        persona_briefs=prompts.personas,
        ready=tools.ready,
        deadlines=tools.deadlines,
        parse_limits=tools.parsing,
        decision=hashlib.sha256("\0".join(deciding).encode()).hexdigest()[:_DIGITS],
        finished=partial(tools.finished, key) if arm is not None else nothing,
        interests=tools.interests,
        viewed=tools.viewed,
    )
    return Generator(deps)
