"""The story of one page: brief, model's text, proposals, components, HTML, journal, fold, KV.

Composing belongs to the page, not to a request. Nothing here speaks to a browser: everything that
happens is written to the page's journal, and whoever reads it, reads it there.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing

from app.models import (
    Brief,
    Component,
    Drawn,
    EventName,
    KeptPage,
    ModelEnded,
    ModelFailed,
    ModelText,
    Proposal,
    Refusal,
)
from app.stages.admit import admit
from app.stages.assemble import component_data, fold, ready_data
from app.stages.brief import Asked, write_brief
from app.stages.parse import ProposalParser
from app.stages.trace import Trace
from app.workshop import Composer, Page, Workshop

_MOST_REASONS = 12

TTL = 3600
"""Seconds a finished page is kept (platform contract)."""

MAKESHIFT_TTL = 120
"""Seconds a page is kept that the last composer had to help with: the models may be back soon."""

Keep = Callable[[KeptPage, int], Awaitable[None]]
"""Keeps a finished page for so many seconds; raises NotKept where that cannot be done."""


class NotKept(Exception):
    """A finished page could not be kept."""


async def compose(page: Page, workshop: Workshop, keep: Keep) -> None:
    """Compose a page to its end, whatever happens on the way; the journal says how it went.

    What was decided for others like this shopper is drawn first, and nobody asked for it again.
    The composers but the last share the workshop's patience; the last one needs none.
    """
    await workshop.prepared()
    await _draw_plan(page, workshop)
    if not _complete(page, workshop):
        await _ask_all(page, workshop)
    if not page.drawn:
        _fail(page, workshop, "GENERATION_FAILED")
        return
    page.trace.status = "success" if set(workshop.slots) <= page.drawn.keys() else "partial"
    await _finish(page, workshop, keep)


async def _draw_plan(page: Page, workshop: Workshop) -> None:
    """Draw what was decided for others like this shopper, as far as the catalog bears it out."""
    plan = await workshop.plans.find(page.shop.id, page.key.persona_hash)
    if plan is None:
        return
    page.trace.note("planned", plan.model)
    for component in plan.components:
        if _draw(component, page, workshop) and not page.models:
            page.models.append(plan.model)
    page.planned = True


async def _ask_all(page: Page, workshop: Workshop) -> None:
    """Ask the composers in their order until nothing is missing that a page cannot do without."""
    try:
        async with asyncio.timeout(workshop.patience):
            for composer in workshop.composers[:-1]:
                await _ask_and_follow_up(composer, page, workshop)
                if _complete(page, workshop):
                    break
    except TimeoutError:
        page.trace.note("out_of_patience", "TIMEOUT")
    if not _complete(page, workshop):
        await _ask(workshop.composers[-1], page, workshop, _missing(page, workshop))


async def _ask_and_follow_up(composer: Composer, page: Page, workshop: Workshop) -> None:
    """Ask for all that is missing; once a page, ask again for what it cannot do without."""
    ended = await _ask(composer, page, workshop, _missing(page, workshop))
    if ended and not page.followed_up and not _complete(page, workshop):
        page.followed_up = True
        needed = [slot for slot in _missing(page, workshop) if slot in workshop.required]
        await _ask(composer, page, workshop, needed)


def _missing(page: Page, workshop: Workshop) -> list[str]:
    return [slot for slot in workshop.slots if slot not in page.drawn]


def _complete(page: Page, workshop: Workshop) -> bool:
    return workshop.required <= page.drawn.keys()


async def _ask(composer: Composer, page: Page, workshop: Workshop, slots: Sequence[str]) -> bool:
    """Ask one composer for these slots; say whether it came to an end of its own."""
    reasons = [f"{item.where}: {item.code}" for item in page.refusals if item.where]
    asked = Asked(tuple(slots), tuple(dict.fromkeys(reasons)))
    brief = write_brief(
        page.shop, page.persona, workshop.instructions(), workshop.persona_briefs, asked
    )
    page.trace.brief_tokens += brief.tokens
    page.trace.note("asked", composer.model)
    try:
        async with aclosing(_components(composer, brief, page, workshop)) as components:
            async for component in components:
                if _draw(component, page, workshop) and composer.model not in page.models:
                    page.models.append(composer.model)
    except ModelFailed as failure:
        page.trace.note("model_failed", failure.code, failure.reason)
        return False
    return True


async def _components(
    composer: Composer, brief: Brief, page: Page, workshop: Workshop
) -> AsyncGenerator[Component, None]:
    """Yield what the composer proposes and the catalog bears out; note what it does not."""
    async with aclosing(_proposals(composer, brief, page.trace)) as proposals:
        async for proposal in proposals:
            verdict: Component | Refusal = (
                proposal
                if isinstance(proposal, Refusal)
                else admit(proposal, workshop.specs, page.shop, set(page.drawn))
            )
            if isinstance(verdict, Refusal):
                page.trace.refused(verdict)
                page.refusals = [*page.refusals, verdict][-_MOST_REASONS:]
            else:
                yield verdict


async def _proposals(
    composer: Composer, brief: Brief, trace: Trace
) -> AsyncGenerator[Proposal | Refusal, None]:
    """Yield what the model's text proposes, each as soon as its JSON closes."""
    parser = ProposalParser()
    try:
        async with aclosing(composer.compose(brief)) as answer:
            async for event in answer:
                if isinstance(event, ModelText):
                    for proposal in parser.feed(event.text):
                        yield proposal
                elif isinstance(event, ModelEnded):
                    trace.note("model_ended", event.reason)
                    trace.spent(event.tokens)
                    if event.unreadable:
                        trace.note("unreadable_events", str(event.unreadable))
                if parser.done:
                    break
        for proposal in parser.close():
            yield proposal
    finally:
        trace.repaired(parser.repairs)


def _draw(component: Component, page: Page, workshop: Workshop) -> bool:
    """Draw a component and write it to the journal; say whether that could be done."""
    html = workshop.renderer.component(component, page.shop)
    if isinstance(html, Refusal):
        page.trace.refused(html)
        return False
    drawn = Drawn(component, html)
    page.drawn[component.slot] = drawn
    page.trace.note("drawn", component.type)
    percent = round(90 * len(page.drawn) / len(workshop.slots))
    workshop.journal.append(
        page.id, [("component", component_data(drawn)), _progress("generating", percent)]
    )
    return True


async def _finish(page: Page, workshop: Workshop, keep: Keep) -> None:
    """Fold the journal into the finished page, keep it, and only then say that it is ready."""
    workshop.journal.append(page.id, [_progress("storing", 95)])
    kept = _folded(page, workshop)
    page.trace.model = kept.model
    makeshift = len(workshop.composers) > 1 and workshop.composers[-1].model in page.models
    try:
        await keep(kept, MAKESHIFT_TTL if makeshift else TTL)
    except NotKept:
        _fail(page, workshop, "KV_WRITE_FAILED")
        return
    if not makeshift and not page.planned and page.trace.status == "success":
        await workshop.plans.keep(page.shop.id, kept.persona_hash, kept.model, kept.components)
    workshop.journal.append(page.id, [_progress("complete", 100), ("ready", ready_data(kept))])


def _folded(page: Page, workshop: Workshop) -> KeptPage:
    fillings = fold(workshop.journal.events(page.id), page.fallbacks)
    return KeptPage(
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


def _fail(page: Page, workshop: Workshop, code: str) -> None:
    page.trace.status = "error"
    page.trace.note("failed", code)
    workshop.journal.append(page.id, [("error", error_data(code))])


def error_data(code: str) -> str:
    """Return the data of an `error` event: a code, and words fit for a shopper."""
    message = "We could not arrange this page for you. The whole shop is here all the same."
    return _json({"code": code, "message": message})


def _progress(stage: str, percent: int) -> tuple[EventName, str]:
    return "progress", _json({"stage": stage, "percent": percent})


def _json(payload: Mapping[str, object]) -> str:
    return json.dumps(payload, separators=(",", ":"))
