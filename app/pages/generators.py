"""Builds the generators of pages: one with the shop's own prompts, and one for each arm."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

from app.content.prompts import PLACES
from app.content.site import SiteContent
from app.domain.experiments import HOUSE, PLAIN, Arm
from app.generation.generator import Generator
from app.generation.job import GeneratorDeps, GeneratorTools
from app.generation.prompt import instructions
from app.generation.rules import House
from app.rendering.renderer import Renderer

_DIGITS = 12


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
        tools,
        models,
        renderer=renderer,
        specs=library.specs,
        plan=library.plan,
        instructions=cache(lambda: instructions(prompts.storefront, PLACES, library.offered)),
        persona_briefs=prompts.personas,
        decision=hashlib.sha256("\0".join(deciding).encode()).hexdigest()[:_DIGITS],
        arm=key,
    )
    return Generator(deps)
