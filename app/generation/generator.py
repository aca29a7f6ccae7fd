"""The story of one page: prompt, model's text, proposals, components, HTML, journal, stored page.

Generating belongs to the page, not to a request. Nothing here speaks to a browser: everything that
happens is written to the page's journal, and whoever reads it, reads it there.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from functools import partial

from app.domain.catalog import Shop
from app.domain.llm import Model, ModelEnded, ModelFailed, ModelGap, ModelNotice, ModelText, Prompt
from app.domain.page import Component, Proposal, Refusal, RenderedComponent, StoredPage
from app.domain.persona import PageKey
from app.generation.copy import context_of_model
from app.generation.events import component_event, error_event, fold, progress_event, ready_event
from app.generation.job import GeneratorDeps, PageJob
from app.generation.lengths import Lengths
from app.generation.parser import build_parser
from app.generation.prompt import SlotRequest, build_prompt
from app.generation.rules import own_components
from app.generation.schema import answer_schema
from app.generation.trace import REFUSED
from app.generation.validate import validate
from app.rendering.renderer import FALLBACK, SlotContent

TTL = 3600
"""Seconds a finished page is kept (platform contract)."""

DEGRADED_TTL = 120
"""Seconds a page is kept that fell short: a model may soon do better."""

INCOMPLETE_TTL = 600
"""Seconds a page is shared that lacks an optional component."""

_RULE = "rule"
"""Named in the trace as what fills slots by rule, for one shopper alone."""

_STORING = progress_event("storing", 95)
_MOST_REFUSALS = 12
_EARLY = 0.01
"""Seconds by which a timer may fire early: so shortly before a deadline counts as after it."""

Store = Callable[[StoredPage, int, tuple[StoredPage, int] | None], Awaitable[bool]]
"""Stores a page for its shopper for so many seconds, and one for all of their kind, if given.

Returns False where KV did not take it, so that it is in memory alone.
"""


class Generator:
    """Generates the pages of one arm, or of no experiment. A job is one page."""

    def __init__(self, deps: GeneratorDeps) -> None:
        self._deps = deps
        self._tools = deps.tools
        self._lengths = Lengths()
        self.decision = deps.decision

    async def own(self, key: PageKey, shop: Shop) -> list[Component]:
        """Return the components that show what this shopper viewed, chosen by rule."""
        return own_components(shop, await self._tools.viewed(key), self._deps.plan)

    async def begin(self, job: PageJob) -> None:
        """Draw the components that are this shopper's alone, and put them first in the journal."""
        components = await self.own(job.key, job.shop) if job.client.recorded else []
        if components:
            await self._tools.ready()
        drawn = [(it, self._deps.renderer.component(it, job.shop)) for it in components]
        job.own = [RenderedComponent(it, html) for it, html in drawn if isinstance(html, str)]
        for it in job.own:
            job.trace.drew(it.component.type, it.component.slot, _RULE)
        self._tools.journal.begin_with(job.id, [component_event(it) for it in job.own])

    async def compose(self, job: PageJob, store: Store) -> None:
        """Compose a page to its end; the last event of its journal says how it went."""
        await self._tools.ready()
        job.began = asyncio.get_running_loop().time()
        job.late, job.for_others = [], {}
        in_time = await self._fill(job)
        job.trace.fillers[FALLBACK] += len(job.unfilled)
        for slot in job.unfilled:
            if not in_time or self._is_late(slot, job):
                job.late.append(slot)
                job.trace.note("kept_fallback", "COMPONENT_TIMEOUT", slot)
        lacking = [slot for slot in job.late if slot not in job.for_others]
        if job.answered and not self._deps.plan.required.isdisjoint(lacking):
            await self._ask(self._deps.models[-1], job, lacking)
        if job.drawn:
            await self._finish(job, store)
        else:
            if shared := self._shared(job, None):
                await store(*shared, shared)
            self._fail(job)
        await self._tools.finished(self._deps.arm, job.trace)

    async def _fill(self, job: PageJob) -> bool:
        """Fill the page's slots; say whether that was done before its deadline.

        Components that were decided before, for this page or for like shoppers, are drawn first,
        and no model is asked for them again. Where another process began the page and stopped
        within a model's answer, optional slots are asked for too: the answer may have had them.
        """
        was_put_down = self._tools.journal.events(job.id) and not self._was_storing(job)
        try:
            async with asyncio.timeout_at(job.began + self._tools.deadlines.page):
                for component in job.base:
                    if component.slot not in job.drawn.keys() | self._deps.plan.own:
                        self._draw(component, job.base_model, job)
                if self._needed(job) or (was_put_down and self._missing(job)):
                    await self._ask_all(job)
        except TimeoutError:
            job.trace.note("out_of_time", "TIMEOUT")
            return False
        return True

    async def _ask_all(self, job: PageJob) -> None:
        """Ask the models in their order until no required slot is missing.

        They share the models' time. The last, the house, is asked when that is over.
        """
        interests = await self._tools.interests(job.key, job.shop)
        job.persona = job.persona._replace(interests=interests)
        *models, house = self._deps.models
        last_moment = max((self._seconds(slot) for slot in job.wanted), default=0.0)
        patience = min(self._tools.deadlines.models, last_moment)
        try:
            async with asyncio.timeout_at(job.began + patience):
                for model in models:
                    await self._ask_and_follow_up(model, job)
                    if not self._needed(job):
                        break
        except TimeoutError:
            job.trace.note("out_of_patience", "TIMEOUT")
        if self._needed(job):
            await self._ask(house, job, self._missing(job))

    async def _ask_and_follow_up(self, model: Model, job: PageJob) -> None:
        """Ask for every missing slot; once a page, ask a second time for the required ones."""
        ended = await self._ask(model, job, self._missing(job))
        needed = self._needed(job)
        if ended and needed and not job.followed_up:
            job.followed_up = True
            job.trace.note("followed_up", model.name, ", ".join(needed))
            await self._ask(model, job, needed)

    async def _ask(self, model: Model, job: PageJob, slots: Sequence[str]) -> bool:
        """Ask a model for these slots, and draw what it proposes; say whether to ask it again."""
        job.revisable = {}
        parser = build_parser(self._tools.parsing, (*self._deps.specs, *self._deps.plan.slots))
        prompt = self._prompt(job, slots)._replace(
            useful_from=lambda: self._useful_from(model.name, parser.open, job)
        )
        job.trace.model_called(model.name, prompt)
        reason = ""
        try:
            async with aclosing(model.compose(prompt)) as events:
                async for event in events:
                    if model is not self._deps.models[-1]:
                        job.answered |= isinstance(event, ModelText | ModelEnded)
                    if isinstance(event, ModelEnded):
                        reason = event.reason
                        job.trace.ended(event)
                    elif isinstance(event, ModelNotice):
                        job.trace.note(event.kind, event.code, event.where)
                    elif isinstance(event, ModelGap):
                        job.trace.note("unreadable_events")
                        self._take(parser.gap(), model.name, job)
                    else:
                        self._take(parser.feed(event.text), model.name, job)
                    if parser.done:
                        break
            self._take(parser.close(), model.name, job)
        except ModelFailed as failure:
            self._take(parser.close(), model.name, job)
            job.failures.append(failure.code)
            job.trace.spent(failure.tokens)
            job.answered |= failure.tokens.total > 0
            job.trace.note("model_failed", failure.code, failure.reason)
            return False
        except asyncio.CancelledError:
            job.answered |= model is not self._deps.models[-1]
            raise
        finally:
            job.trace.repaired(parser.repairs)
            known = parser.lengths.keys() & self._deps.specs.keys()
            self._lengths.note(model.name, {type_: parser.lengths[type_] for type_ in known})
        return reason not in REFUSED

    def _prompt(self, job: PageJob, slots: Sequence[str]) -> Prompt:
        """Return the prompt for these slots, with why earlier proposals were refused."""
        reasons = dict.fromkeys(_reason(no) for no in job.refusals if no.where)
        prompt = build_prompt(
            job.shop,
            job.persona,
            self._deps.instructions(),
            self._deps.persona_briefs,
            SlotRequest(tuple(slots), tuple(reasons), frozenset(slots) - job.fallbacks.keys()),
        )._replace(persona_hash=job.key.persona_hash, client=job.client, lease=job.lease)
        return prompt._replace(schema=partial(answer_schema, self._deps.specs, prompt))

    def _useful_from(self, model: str, being_read: tuple[str, int] | None, job: PageJob) -> int:
        """Return the character of the answer before which no missing component can end."""
        if being_read is None:
            return 0
        type_, began = being_read
        specs, slots = self._deps.specs, self._deps.plan.slots
        fills = specs[type_].slots if type_ in specs else slots
        if not any(self._is_missing(slot, job) for slot in fills):
            return self._tools.parsing.answer
        return began + self._lengths.least(model, type_)

    def _take(self, proposals: Iterable[Proposal | Refusal], model: str, job: PageJob) -> None:
        """Validate a model's proposals, draw those that pass, and note why others are refused.

        A proposal after something else was said replaces one that may have been a draft.
        """
        for proposal in proposals:
            verdict = self._verdict(proposal, model, job)
            if isinstance(verdict, Refusal):
                job.trace.refused(verdict)
                job.refusals = [*job.refusals, verdict][-_MOST_REFUSALS:]
            else:
                self._draw(verdict, model, job)

    def _verdict(
        self, proposal: Proposal | Refusal, model: str, job: PageJob
    ) -> Component | Refusal:
        """Return the component that a proposal is, or why it is refused."""
        if isinstance(proposal, Refusal):
            return proposal
        closed = set(self._deps.plan.slots).difference(job.wanted) | self._deps.plan.own
        repairs: Counter[str] = Counter()
        revised = {slot for slot, at in job.revisable.items() if at < proposal.revision}
        filled = job.drawn.keys() | job.for_others.keys() | closed
        context = self._deps.renderer.props_context(job.shop)
        if model != self._deps.models[-1].name:
            context = context_of_model(context)
        verdict = validate(proposal, self._deps.specs, context, filled, repairs, revised)
        job.trace.repaired(repairs)
        if isinstance(verdict, Refusal):
            return verdict
        if verdict.slot in job.drawn:
            if verdict == job.drawn[verdict.slot].component:
                return Refusal("SLOT_TAKEN", verdict.type)
            job.trace.repaired(Counter(REVISED=1))
        job.revisable[verdict.slot] = proposal.revision
        return verdict

    def _draw(self, component: Component, model: str, job: PageJob) -> None:
        """Render a component and write it to the journal, unless the catalog has changed since.

        What comes after its slot's deadline is for others of the shopper's kind alone.
        """
        if self._deps.renderer.steer(component, job.shop) != component:
            job.trace.repaired(Counter(MERCHANT_RULE=1))
        html = self._deps.renderer.component(component, job.shop)
        if isinstance(html, Refusal):
            job.trace.refused(html)
            return
        rendered = RenderedComponent(component, html)
        if component.slot in job.late or self._is_late(component.slot, job):
            job.for_others[component.slot] = rendered, model
            job.trace.refused(Refusal("COMPONENT_TIMEOUT", component.type))
            return
        job.drawn[component.slot] = rendered
        job.trace.drew(component.type, component.slot, model)
        if model not in job.models:
            job.models.append(model)
        percent = round(90 * len(job.drawn) / len(self._deps.plan.slots))
        self._tools.journal.append(
            job.id, [component_event(rendered), progress_event("generating", percent)]
        )

    async def _finish(self, job: PageJob, store: Store) -> None:
        """Fold the journal into the finished page, store it, and only then announce it as ready."""
        journal = self._tools.journal
        if not self._was_storing(job):
            journal.append(job.id, [_STORING])
        unfilled = job.fallbacks.keys() - job.drawn.keys()
        every_slot = job.wanted == self._deps.plan.slots
        degraded = self._used_fallback_model(job.models) or (bool(unfilled) and not every_slot)
        page = self._folded(job, job.own)
        shared = self._shared(job, page)
        if not await store(page, DEGRADED_TTL if degraded else TTL, shared):
            job.trace.note("not_stored", "KV_WRITE_FAILED")
        job.stored = page
        journal.append(job.id, [progress_event("complete", 100), ready_event(page)])

    def _shared(self, job: PageJob, page: StoredPage | None) -> tuple[StoredPage, int] | None:
        """Return the page for all of the shopper's kind, and the seconds it is kept, if one is due.

        What is required and came too late for this shopper is in it, or else what the house has
        for it, if a model was paid. What the house made while none was heard is not shared.
        """
        others = [it for it, _ in job.for_others.values()]
        models = dict.fromkeys([*job.models, *(model for _, model in job.for_others.values())])
        degraded = self._used_fallback_model(models)
        decided_now = job.answered or (not degraded and list(models) != [job.base_model])
        filled = job.drawn.keys() | job.for_others.keys()
        plan = self._deps.plan
        if not decided_now or not filled or job.wanted != plan.slots or plan.required - filled:
            return None
        if page is None or others or job.own:
            page = self._folded(job, others)._replace(model="+".join(models))
        if degraded:
            return page, DEGRADED_TTL
        return page, INCOMPLETE_TTL if job.fallbacks.keys() - filled else TTL

    def _was_storing(self, job: PageJob) -> bool:
        """Say whether the process that composed the page before had drawn all of it."""
        return _STORING in (event[1:] for event in self._tools.journal.events(job.id))

    def _used_fallback_model(self, models: Iterable[str]) -> bool:
        names = "+".join(models).split("+")
        return len(self._deps.models) > 1 and self._deps.models[-1].name in names

    async def adopt(self, job: PageJob, store: Store) -> None:
        """Store a page that another process composed to its end."""
        await self._tools.ready()
        ready = json.loads(self._tools.journal.events(job.id)[-1].data)
        job.stored = self._folded(job, job.own)._replace(generated_at=ready["generated_at"])
        await store(
            job.stored, DEGRADED_TTL if self._used_fallback_model(job.models) else TTL, None
        )

    def _folded(self, job: PageJob, own: Iterable[RenderedComponent]) -> StoredPage:
        """Return the stored page: the fallbacks with the journal's components in their place."""
        job.trace.status = "partial" if job.unfilled else "success"
        if self._used_fallback_model(job.models) and job.trace.status == "success":
            job.trace.status = "degraded"
        job.trace.model = "+".join(job.models)
        contents = fold(self._tools.journal.events(job.id), job.fallbacks)
        contents |= {it.component.slot: SlotContent(it.component.type, it.html) for it in own}
        drawn = [job.drawn[slot].component for slot in self._deps.plan.slots if slot in job.drawn]
        drawn += [it.component for it in own]
        return StoredPage(
            html=self._deps.renderer.store_page(job.shop, job.persona.type, contents),
            components=drawn,
            persona_type=job.persona.type,
            persona_hash=job.key.persona_hash,
            generated_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            model=job.trace.model,
            generation_time_ms=job.trace.elapsed_ms,
            content=job.content,
            shop_id=job.shop.id,
            product_count=len(job.shop.products),
            valid_until=job.valid_until,
            decision=self.decision,
            id=job.id,
        )

    def _fail(self, job: PageJob) -> None:
        """End a page without any component, with the contract's error code."""
        last_failure = job.failures[-1] if job.failures else "GENERATION_FAILED"
        job.failed = "TIMEOUT" if job.late else last_failure
        job.trace.status = "error"
        job.trace.note("failed", job.failed)
        language = self._deps.renderer.language(job.shop)
        self._tools.journal.append(job.id, [error_event(job.failed, language)])

    def _missing(self, job: PageJob) -> list[str]:
        """Return the slots that are missing still."""
        return [slot for slot in self._deps.plan.slots if self._is_missing(slot, job)]

    def _is_missing(self, slot: str, job: PageJob) -> bool:
        """Whether a slot is wanted and unfilled, and its deadline has not passed."""
        return (
            slot in job.wanted
            and slot not in job.drawn
            and not self._is_late(slot, job)
            and slot not in self._deps.plan.own
        )

    def _needed(self, job: PageJob) -> list[str]:
        """Return the missing slots that are required, or that were asked for by name."""
        everything = job.wanted == self._deps.plan.slots
        required = self._deps.plan.required
        return [slot for slot in self._missing(job) if slot in required or not everything]

    def _is_late(self, slot: str, job: PageJob) -> bool:
        """Say whether a slot's deadline has passed: a change so late would surprise the shopper."""
        return asyncio.get_running_loop().time() > job.began + self._seconds(slot) - _EARLY

    def _seconds(self, slot: str) -> float:
        usual = self._tools.deadlines.slot
        return min(self._deps.plan.seconds.get(slot, usual), usual)


def _reason(refusal: Refusal) -> str:
    """Return a refusal in words, for the model's next prompt."""
    words = f" ({refusal.words})" if refusal.words else ""
    return f"{refusal.where}: {refusal.code}{words}"
