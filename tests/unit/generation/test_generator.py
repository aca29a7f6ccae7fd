"""Asking for a page's components: whose time has passed, and what is asked for by name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

import pytest

from app.catalog.load import load_catalogs
from app.content.prompts import load_prompts
from app.domain.limits import Deadlines
from app.domain.llm import ModelEnded, ModelEvent, ModelFailed, ModelText, Prompt
from app.domain.network import Client
from app.domain.page import Component, PagePlan, StoredPage
from app.domain.persona import NEWCOMER, Interests, PageKey
from app.generation.generator import Generator
from app.generation.job import GeneratorDeps, GeneratorTools, PageJob, no_interests
from app.generation.parser.parser import ProposalParser
from app.generation.rules import House, fallback
from app.generation.trace import Trace
from app.pages.journal import PageJournal
from app.rendering.renderer import Renderer
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from tests.support.fake_model import SLOTS, answer, component
from tests.support.props import LIBRARY, props_context

pytestmark = pytest.mark.anyio

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
PROMPTS = load_prompts(ROOT / "prompts")
NAMES = {path.name: "/x" for path in (ROOT / "static").iterdir()}
RENDERER = Renderer(
    environment(LIBRARY.folder),
    LIBRARY.specs,
    LIBRARY.slots,
    urls_of=lambda shop: ShopUrls(shop.id, "", NAMES),
    props_context=props_context,
)


class Says:
    """A composer that says one thing, and remembers which slots it was asked for."""

    def __init__(self, model: str, text: str) -> None:
        self.name = model
        self.asked: list[tuple[str, ...]] = []
        self._text = text

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append(brief.slots)
        yield ModelText(self._text)
        yield ModelEnded()


class Types(Says):
    """A composer that says it letter by letter, and is told before each from where on it matters."""

    def __init__(self, model: str, text: str) -> None:
        super().__init__(model, text)
        self.useful_from: list[int] = []

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        for letter in self._text:
            self.useful_from.append(brief.useful_from())
            yield ModelText(letter)
        yield ModelEnded()


def slots_of(page: StoredPage) -> set[str]:
    return {item.slot for item in page.components}


def workshop(*composers: Says, seconds: Mapping[str, float] = {}, **tools: Any) -> GeneratorDeps:
    return GeneratorDeps(
        GeneratorTools(PageJournal(lambda: 0.0), lambda _: composers, **tools),
        composers,
        renderer=RENDERER,
        specs=LIBRARY.specs,
        plan=PagePlan(SLOTS, frozenset(), {}, frozenset({"hero", "grid"}), seconds),
        instructions=lambda: "instructions",
        persona_briefs=PROMPTS.personas,
    )


async def composed(
    deps: GeneratorDeps,
    shared: list[StoredPage] | None = None,
    generator: Generator | None = None,
    **changes: Any,
) -> PageJob:
    """Compose a page; `shared` takes what others of its kind may have."""
    journal = deps.tools.journal
    assert isinstance(journal, PageJournal)
    journal.open("page", "shop_1")
    fallbacks = RENDERER.fallbacks(DEMO, fallback(DEMO, House(LIBRARY.plan, PROMPTS.house_in)))
    trace = Trace("page", "demo", "newcomer", lambda: 0.0)
    key = PageKey("shop_1", "v2_newcomer_0_x")
    changes = {"wanted": deps.plan.slots, **changes}
    page = PageJob("page", key, DEMO, NEWCOMER, "content", fallbacks, trace, **changes)

    async def keep(_: StoredPage, __: int, for_all: tuple[StoredPage, int] | None) -> bool:
        if shared is not None and for_all is not None:
            shared.append(for_all[0])
        return True

    generator = generator or Generator(deps)
    await generator.begin(page)
    await generator.compose(page, keep)
    return page


async def test_a_component_that_comes_after_its_slots_time_is_for_others_of_the_kind() -> None:
    model, house, shared = Says("model", answer()), Says("house", ""), list[StoredPage]()
    late = workshop(model, house, seconds={"hero": -1.0, "cta": -1.0, "filters": -1.0})
    page = await composed(late, shared)
    assert set(page.drawn) == {"grid", "recommendations"}
    assert page.trace.counts["refused:COMPONENT_TIMEOUT"] == 3
    assert page.late == ["hero", "filters", "cta"]
    assert page.trace.status == "partial"
    assert [(slots_of(it), it.model) for it in shared] == [(set(SLOTS), "model")]
    assert house.asked == []


async def test_a_required_slot_whose_time_has_passed_is_the_houses_for_others_of_the_kind() -> None:
    model, house = (
        Says("model", answer(component("grid"))),
        Says("house", answer(component("hero"), component("cta"))),
    )
    shared: list[StoredPage] = []
    late = workshop(model, house, seconds={"hero": -1.0, "cta": -1.0})
    page = await composed(late, shared)
    assert house.asked == [("hero", "cta")]
    assert set(page.drawn) == {"grid"}
    whole = {"hero", "grid", "cta"}
    assert [(slots_of(it), it.model) for it in shared] == [(whole, "model+house")]


class Thinks(Says):
    """A composer that says nothing before anybody's patience ends."""

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append(brief.slots)
        await asyncio.Event().wait()
        yield ModelEnded()


class Down(Says):
    """A composer that cannot be reached."""

    async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append(brief.slots)
        for _ in self._text:
            yield ModelEnded()
        raise ModelFailed("MODEL_UNAVAILABLE", "down", retryable=True)


@pytest.mark.parametrize("deadlines", [Deadlines(slot=0.1), Deadlines(page=0.1)])
async def test_where_nothing_came_in_time_others_are_given_what_the_house_has(
    deadlines: Deadlines,
) -> None:
    model, house, shared = Thinks("model", ""), Says("house", answer()), list[StoredPage]()
    page = await composed(workshop(model, house, deadlines=deadlines), shared)
    assert page.failed == "TIMEOUT"
    assert [(slots_of(it), it.model) for it in shared] == [(set(SLOTS), "house")]


async def test_what_comes_too_late_of_the_house_alone_is_for_nobody() -> None:
    house, shared = Says("house", answer()), list[StoredPage]()
    page = await composed(workshop(Down("model", ""), house, seconds={"hero": -1.0}), shared)
    assert set(page.drawn) == set(SLOTS) - {"hero"}
    assert shared == []


async def test_slots_asked_for_by_name_are_all_needed_and_no_others_are_taken() -> None:
    model, house = Says("model", answer()), Says("house", "")
    page = await composed(workshop(model, house), wanted=("cta",))
    assert model.asked == [("cta",)]
    assert set(page.drawn) == {"cta"}
    assert page.trace.counts["refused:SLOT_TAKEN"] == 4
    assert page.trace.status == "success"


async def test_a_list_of_components_after_another_takes_the_place_of_the_draft() -> None:
    draft, final = (component("hero", headline=words) for words in ("A draft", "The answer"))
    claims = component("grid", title="Only three left")
    text = answer(draft, component("grid")) + answer(final, claims)
    page = await composed(workshop(Says("model", text), Says("house", "")))
    assert page.drawn["hero"].component.config["headline"] == "The answer"
    assert page.drawn["grid"].component.config["title"] == component("grid")["config"]["title"]
    assert page.trace.counts["repaired:REVISED"] == 1
    assert page.stored is not None
    assert "The answer" in page.stored.html
    assert "A draft" not in page.stored.html


async def test_what_is_said_twice_is_drawn_once() -> None:
    twice = component("cta", headline="One"), component("cta", headline="Two")
    page = await composed(workshop(Says("model", answer() * 2 + answer()), Says("house", "")))
    assert page.trace.counts["refused:SLOT_TAKEN"] == 2 * len(SLOTS)
    page = await composed(workshop(Says("model", answer(*twice)), Says("house", "")))
    assert page.drawn["cta"].component.config["headline"] == "One", "a list has one of each"


async def test_once_an_answer_was_seen_it_is_known_until_where_in_the_next_nothing_ends() -> None:
    model, text = Types("model", answer()), answer()
    deps = workshop(model, Says("house", ""))
    generator = Generator(deps)
    for _ in range(2):
        page = await composed(deps, generator=generator)
        assert set(page.drawn) == set(SLOTS)
    first, second = model.useful_from[: len(text)], model.useful_from[len(text) :]
    parser = ProposalParser()
    ends = [at for at, letter in enumerate(text) for _ in parser.feed(letter)]
    until = ends[-1] + 1
    assert all(useful <= at for at, useful in enumerate(first[:until])), "it was never heard before"
    for at, useful in enumerate(second[:until]):
        assert useful <= next(end for end in ends if end >= at)
    assert sum(useful > at for at, useful in enumerate(second[:until])) > until / 2
    assert set(second[until:]) == {deps.tools.parsing.answer}, "nothing is missing"


STORY: Mapping[str, Any] = {
    "type": "story",
    "id": "feature",
    "config": LIBRARY.specs["story"].samples[0].config,
}


async def test_what_may_stay_out_is_not_missed_and_is_shown_where_the_model_has_it() -> None:
    for text, drawn in (
        (answer(), set(SLOTS)),
        (json.dumps({**{item: component(item) for item in SLOTS}, "feature": None}), set(SLOTS)),
        (answer(*map(component, SLOTS), STORY), {*SLOTS, "feature"}),
    ):
        model, house = Says("model", text), Says("house", "")
        deps = workshop(model, house)._replace(plan=LIBRARY.plan)
        page = await composed(deps)
        assert model.asked == [LIBRARY.plan.for_models]
        assert set(page.drawn) == drawn
        assert (page.trace.status, page.late, page.trace.fillers["fallback"]) == ("success", [], 0)
        assert page.stored is not None
        assert ('data-slot="feature"' in page.stored.html) == ("feature" in drawn)


async def test_in_a_models_stead_the_house_is_asked_for_all_that_is_missing() -> None:
    house = Says("house", answer())
    for models in ((house,), (Says("model", ""), house)):
        deps = workshop(*models)._replace(plan=LIBRARY.plan)
        await composed(deps)
    assert house.asked == [LIBRARY.plan.for_models] * 2


async def test_what_a_shopper_viewed_is_theirs_alone_and_no_model_is_asked_for_it() -> None:
    async def viewed(*_: object) -> Interests:
        return Interests(viewed=tuple(DEMO.products)[:5])

    shared: list[StoredPage] = []
    model, house = Says("model", answer()), Says("house", "")
    for interests in (no_interests, viewed):
        deps = workshop(model, house, viewed=interests)._replace(plan=LIBRARY.plan)
        page = await composed(deps, shared)
        assert page.models == ["model"]
        assert page.stored is not None
        assert ('data-slot="recent"' in page.stored.html) == (interests is viewed)
        assert ("recent" in slots_of(page.stored)) == (interests is viewed)
    assert model.asked == [LIBRARY.plan.for_models] * 2
    assert len(shared) == 2
    assert all('data-slot="recent"' not in page.html for page in shared), "it is nobody else's"
    assert all("recent" not in slots_of(page) for page in shared)
    assert shared[0].html == shared[1].html
    client = Client(recorded=False)
    page = await composed(deps, client=client)
    assert not page.own, "of whom nothing may be kept nothing is looked up"


async def test_what_the_page_had_before_stays_and_is_not_asked_for() -> None:
    before: Mapping[str, Any] = json.loads(answer())["components"][0]
    hero = Component("hero", "hero", before["config"])
    model, house = Says("model", answer()), Says("house", "")
    page = await composed(
        workshop(model, house), wanted=("cta",), base=[hero], base_model="earlier"
    )
    assert set(page.drawn) == {"hero", "cta"}
    assert page.models == ["earlier", "model"]


async def test_of_a_model_that_will_not_answer_nothing_more_is_asked() -> None:
    class Refuses(Says):
        async def compose(self, brief: Prompt) -> AsyncGenerator[ModelEvent, None]:
            self.asked.append(brief.slots)
            yield ModelText("I would rather not.")
            yield ModelEnded("refusal")

    model, house = Refuses("model", ""), Says("house", answer())
    page = await composed(workshop(model, house))
    assert len(model.asked) == 1
    assert page.models == ["house"]
    assert page.trace.counts["model_refused:refusal"] == 1
