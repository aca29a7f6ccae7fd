"""Draws what was admitted, and writes it to the page's journal."""

from __future__ import annotations

import json
from collections.abc import Mapping

from app.domain.events import EventName
from app.domain.page import Component, Refusal, RenderedComponent
from app.generation.events import component_data
from app.generation.job import GeneratorDeps, PageJob


def draw(component: Component, page: PageJob, workshop: GeneratorDeps) -> bool:
    """Draw a component and write it to the journal; say whether that could be done."""
    html = workshop.renderer.component(component, page.shop)
    if isinstance(html, Refusal):
        page.trace.refused(html)
        return False
    drawn = RenderedComponent(component, html)
    page.drawn[component.slot] = drawn
    page.trace.note("drawn", component.type, component.slot)
    percent = round(90 * len(page.drawn) / len(workshop.slots))
    workshop.journal.append(
        page.id, [("component", component_data(drawn)), progress("generating", percent)]
    )
    return True


def progress(stage: str, percent: int) -> tuple[EventName, str]:
    """Return a `progress` event."""
    return "progress", as_json({"stage": stage, "percent": percent})


def as_json(payload: Mapping[str, object]) -> str:
    """Return an event's data."""
    return json.dumps(payload, separators=(",", ":"))
