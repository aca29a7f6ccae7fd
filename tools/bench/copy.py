"""What it costs to admit a component: with its copy judged, and without."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from app.content.site import read_site
from app.domain.page import Component, Proposal
from app.generation.copy import PropsContext, context_of_model
from app.generation.validate import validate
from app.settings import Settings
from tools.bench.measure import Row

_TIMES = 200


def run(_: Path) -> Iterator[Row]:
    """Admit each kind of component many times, every time with other words."""
    content = read_site(Settings())
    specs = content.library.specs
    specs.load()
    judged = context_of_model(PropsContext(content.prompts.words)(content.catalogs.default))
    unjudged = {**judged, "copy": lambda _text, _products: ()}
    for kind, spec in specs.items():
        config = spec.samples[0].config
        seconds = {True: 0.0, False: 0.0}
        for at in range(_TIMES):
            for context in (judged, unjudged):
                words = {
                    name: f"{value} {_letters(at)}" if _is_copy(name, value) else value
                    for name, value in config.items()
                }
                began = time.process_time()
                found = validate(Proposal(kind, spec.slots[0], words), specs, context, set())
                seconds[context is judged] += time.process_time() - began
                assert isinstance(found, Component), found
        ours, theirs = (1000 * seconds[it] / _TIMES for it in (True, False))
        yield Row(f"admitting a {kind}, CPU; baseline: its copy unjudged", ours, "ms", theirs)


def _is_copy(name: str, value: object) -> bool:
    return name in {"text", "title", "headline"} and isinstance(value, str)


def _letters(number: int) -> str:
    """Return two letters that are no word of any list."""
    return chr(ord("a") + number % 26) + "xqz"[number // 26 % 3] + "vwk"[number // 78 % 3]
