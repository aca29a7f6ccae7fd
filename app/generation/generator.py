"""The story of one page: brief, model's text, proposals, components, HTML, journal, fold, KV.

Composing belongs to the page, not to a request. Nothing here speaks to a browser: everything that
happens is written to the page's journal, and whoever reads it, reads it there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from app.domain.page import Component, StoredPage
from app.generation.asking import ask_all, complete, is_late
from app.generation.drawing import as_json, draw, progress
from app.generation.events import fold, ready_data
from app.generation.job import GeneratorDeps, PageJob

TTL = 3600
"""Seconds a finished page is kept (platform contract)."""

MAKESHIFT_TTL = 120
"""Seconds a page is kept that is not what it could be: it may soon be better."""

Keep = Callable[[StoredPage, int], Awaitable[None]]
"""Keeps a finished page for so many seconds; raises NotKept where that cannot be done."""


class NotKept(Exception):
    """A finished page could not be kept."""


async def compose(page: PageJob, workshop: GeneratorDeps, keep: Keep) -> None:
    """Compose a page to its end, whatever happens on the way; the journal says how it went."""
    await workshop.ready()
    page.began = asyncio.get_running_loop().time()
    page.wanted = page.wanted or tuple(workshop.slots)
    in_time = await _fill(page, workshop)
    for slot in page.wanted:
        if slot not in page.drawn and (not in_time or is_late(slot, page, workshop)):
            page.late.append(slot)
            page.trace.note("kept_fallback", "COMPONENT_TIMEOUT", slot)
    if not page.drawn:
        fail(page, workshop, _why_nothing(page))
        return
    page.trace.status = "success" if page.drawn.keys() >= set(page.wanted) else "partial"
    await _finish(page, workshop, keep)


async def _fill(page: PageJob, workshop: GeneratorDeps) -> bool:
    """Draw what can be drawn until the page's time is over; say whether that was enough.

    What the page has already and what was decided for others like this shopper is drawn first, and
    nobody asked for it again.
    """
    try:
        async with asyncio.timeout_at(page.began + workshop.deadlines.page):
            _draw_all(page.base, page.base_model, page, workshop)
            if not page.force:
                await _draw_plan(page, workshop)
            if not complete(page, workshop):
                await ask_all(page, workshop)
    except TimeoutError:
        page.trace.note("out_of_time", "TIMEOUT")
        return False
    return True


async def _draw_plan(page: PageJob, workshop: GeneratorDeps) -> None:
    """Draw what was decided for others like this shopper, as far as the catalog bears it out."""
    plan = await workshop.layouts.get(page.shop.id, page.key.persona_hash)
    if plan is not None:
        page.trace.note("planned", plan.model)
        _draw_all(plan.components, plan.model, page, workshop)
        page.from_layout = True


def _draw_all(
    components: Iterable[Component], model: str, page: PageJob, workshop: GeneratorDeps
) -> None:
    for component in components:
        if component.slot in page.drawn:
            continue
        if draw(component, page, workshop) and model not in page.models:
            page.models.append(model)


def _why_nothing(page: PageJob) -> str:
    """Return the contract's code for a page of which nothing came."""
    if page.late:
        return "TIMEOUT"
    return page.failures[-1] if page.failures else "GENERATION_FAILED"


async def _finish(page: PageJob, workshop: GeneratorDeps, keep: Keep) -> None:
    """Fold the journal into the finished page, keep it, and only then say that it is ready."""
    workshop.journal.append(page.id, [progress("storing", 95)])
    kept = _folded(page, workshop)
    page.trace.model = kept.model
    stood_in = len(workshop.models) > 1 and workshop.models[-1].model in page.models
    patchy = not page.drawn.keys() >= set(workshop.slots) and page.wanted != tuple(workshop.slots)
    try:
        await keep(kept, MAKESHIFT_TTL if stood_in or patchy else TTL)
    except NotKept:
        fail(page, workshop, "KV_WRITE_FAILED")
        return
    if page.trace.status == "success" and not (stood_in or patchy or page.from_layout):
        await workshop.layouts.put(page.shop.id, kept.persona_hash, kept.model, kept.components)
    page.stored = kept
    workshop.journal.append(page.id, [progress("complete", 100), ("ready", ready_data(kept))])


def _folded(page: PageJob, workshop: GeneratorDeps) -> StoredPage:
    fillings = fold(workshop.journal.events(page.id), page.fallbacks)
    return StoredPage(
        html=workshop.renderer.store_page(page.shop, page.persona.type, fillings),
        components=[page.drawn[slot].component for slot in workshop.slots if slot in page.drawn],
        persona_type=page.persona.type,
        persona_hash=page.key.persona_hash,
        generated_at=workshop.now().isoformat(timespec="milliseconds"),
        model="+".join(page.models),
        generation_time_ms=page.trace.elapsed_ms,
        content=page.content,
        shop_id=page.shop.id,
        product_count=len(page.shop.products),
    )


def fail(page: PageJob, workshop: GeneratorDeps, code: str) -> None:
    """End a page of which nothing can be shown, or kept."""
    page.failed = code
    page.trace.status = "error"
    page.trace.note("failed", code)
    workshop.journal.append(page.id, [("error", error_data(code))])


def error_data(code: str) -> str:
    """Return the data of an `error` event: a code, and words fit for a shopper."""
    message = "We could not arrange this page for you. The whole shop is here all the same."
    return as_json({"code": code, "message": message})
