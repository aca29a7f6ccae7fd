"""Asks the composers for a page's components, in their order, until nothing needed is missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from app.domain.llm import ModelEnded, ModelEvent, ModelFailed, ModelNotice, ModelText
from app.domain.page import Component, Proposal, Refusal
from app.generation.drawing import draw
from app.generation.job import Composer, GeneratorDeps, PageJob
from app.generation.parser.parser import ProposalParser
from app.generation.prompt import SlotRequest, build_prompt
from app.generation.trace import Trace
from app.generation.validate import validate

_MOST_REASONS = 12
_REFUSED = frozenset({"content_filter", "refusal"})
"""Why a model ended that will not answer: asking it again would bring the same."""

_EARLY = 0.01
"""Seconds by which a timer may fire before its time; what it ends is late all the same."""

_CUT_SHORT = frozenset({"length", "max_tokens", "model_context_window_exceeded"})


async def ask_all(page: PageJob, workshop: GeneratorDeps) -> None:
    """Ask the composers in their order until nothing is missing that a page cannot do without.

    The composers but the last share the time that models have; the last one needs none.
    """
    patience = min(workshop.deadlines.models, _last_moment(page, workshop))
    try:
        async with asyncio.timeout_at(page.began + patience):
            for composer in workshop.models[:-1]:
                await _ask_and_follow_up(composer, page, workshop)
                if complete(page, workshop):
                    break
    except TimeoutError:
        page.trace.note("out_of_patience", "TIMEOUT")
    if not complete(page, workshop):
        await _ask(workshop.models[-1], page, workshop, missing(page, workshop))


def missing(page: PageJob, workshop: GeneratorDeps) -> list[str]:
    """Return the slots that are asked for, still unfilled, and not yet past their time."""
    return [
        slot
        for slot in workshop.slots
        if slot in page.wanted and slot not in page.drawn and not is_late(slot, page, workshop)
    ]


def complete(page: PageJob, workshop: GeneratorDeps) -> bool:
    """Whether nothing is missing that the page cannot do without."""
    return not _needed(page, workshop)


def _needed(page: PageJob, workshop: GeneratorDeps) -> list[str]:
    """Return what is missing of the required slots, or of those that were asked for by name."""
    everything = page.wanted == tuple(workshop.slots)
    return [slot for slot in missing(page, workshop) if slot in workshop.required or not everything]


def is_late(slot: str, page: PageJob, workshop: GeneratorDeps) -> bool:
    """Whether a slot's time has passed: what comes for it now would come as a surprise."""
    return asyncio.get_running_loop().time() > page.began + _seconds(slot, workshop) - _EARLY


def _seconds(slot: str, workshop: GeneratorDeps) -> float:
    return min(workshop.slot_seconds.get(slot, workshop.deadlines.slot), workshop.deadlines.slot)


def _last_moment(page: PageJob, workshop: GeneratorDeps) -> float:
    return max((_seconds(slot, workshop) for slot in page.wanted), default=0.0)


async def _ask_and_follow_up(composer: Composer, page: PageJob, workshop: GeneratorDeps) -> None:
    """Ask for all that is missing; once a page, ask again for what it cannot do without."""
    ended = await _ask(composer, page, workshop, missing(page, workshop))
    if ended and not page.followed_up and not complete(page, workshop):
        page.followed_up = True
        needed = _needed(page, workshop)
        page.trace.note("followed_up", composer.model, ", ".join(needed))
        await _ask(composer, page, workshop, needed)


async def _ask(
    composer: Composer, page: PageJob, workshop: GeneratorDeps, slots: Sequence[str]
) -> bool:
    """Ask one composer for these slots; say whether it may be asked again for what is missing."""
    reasons = [f"{item.where}: {item.code}" for item in page.refusals if item.where]
    asked = SlotRequest(tuple(slots), tuple(dict.fromkeys(reasons)))
    brief = build_prompt(
        page.shop, page.persona, workshop.instructions(), workshop.persona_briefs, asked
    )._replace(kind=page.key.persona_hash, address=page.address)
    page.trace.asked(composer.model, brief)
    answer = _Answer(page.trace)
    try:
        async with aclosing(composer.compose(brief)) as events:
            async for component in _components(events, answer, page, workshop):
                if draw(component, page, workshop) and composer.model not in page.models:
                    page.models.append(composer.model)
    except ModelFailed as failure:
        page.failures.append(failure.code)
        page.trace.spent(failure.tokens)
        page.trace.note("model_failed", failure.code, failure.reason)
        return False
    return answer.reason not in _REFUSED


class _Answer:
    """What is learnt of an answer beside its text."""

    def __init__(self, trace: Trace) -> None:
        self.reason = ""
        self.trace = trace

    def note(self, event: ModelEnded | ModelNotice) -> None:
        """Write down how it ended, or what happened on the way."""
        trace = self.trace
        if isinstance(event, ModelNotice):
            trace.note(event.kind, event.code, event.where)
            return
        self.reason = event.reason
        spent = event.tokens
        trace.note("model_ended", event.reason, f"{spent.prompt}+{spent.completion} tokens")
        trace.spent(spent)
        if event.reason in _REFUSED:
            trace.note("model_refused", event.reason)
        elif event.reason in _CUT_SHORT:
            trace.note("cut_short", event.reason)
        if event.unreadable:
            trace.note("unreadable_events", str(event.unreadable))


async def _components(
    events: AsyncGenerator[ModelEvent, None],
    answer: _Answer,
    page: PageJob,
    workshop: GeneratorDeps,
) -> AsyncGenerator[Component, None]:
    """Yield what the composer proposes and the catalog bears out; note what it does not."""
    parser = ProposalParser(workshop.parse_limits)
    async with aclosing(_proposals(events, parser, answer)) as proposals:
        async for proposal in proposals:
            verdict = _verdict(proposal, page, workshop)
            if isinstance(verdict, Refusal):
                page.trace.refused(verdict)
                page.refusals = [*page.refusals, verdict][-_MOST_REASONS:]
            else:
                yield verdict


def _verdict(
    proposal: Proposal | Refusal, page: PageJob, workshop: GeneratorDeps
) -> Component | Refusal:
    if isinstance(proposal, Refusal):
        return proposal
    closed = {slot for slot in workshop.slots if slot not in page.wanted}
    verdict = validate(proposal, workshop.specs, page.shop, page.drawn.keys() | closed)
    if isinstance(verdict, Component) and is_late(verdict.slot, page, workshop):
        return Refusal("COMPONENT_TIMEOUT", verdict.type)
    return verdict


async def _proposals(
    events: AsyncGenerator[ModelEvent, None], parser: ProposalParser, answer: _Answer
) -> AsyncGenerator[Proposal | Refusal, None]:
    """Yield what the model's text proposes, each as soon as its JSON closes."""
    try:
        async for event in events:
            if isinstance(event, ModelText):
                for proposal in parser.feed(event.text):
                    yield proposal
            else:
                answer.note(event)
            if parser.done:
                break
        for proposal in parser.close():
            yield proposal
    finally:
        answer.trace.repaired(parser.repairs)
