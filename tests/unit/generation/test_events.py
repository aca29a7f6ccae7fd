"""A page folded from its events, kept, and unfolded again: always the same page."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from app.catalog.load import load_catalogs
from app.domain.events import Event
from app.domain.page import Component, Refusal, RenderedComponent, StoredPage
from app.generation.codec import from_kv, to_kv
from app.generation.events import (
    component_event,
    fold,
    ready_event,
    replay,
)
from app.rendering.renderer import Renderer, SlotContent
from app.rendering.templates import environment
from app.rendering.urls import ShopUrls
from app.settings import ROOT
from tests.support.cases import each
from tests.support.fake_model import SLOTS, component
from tests.support.props import LIBRARY, props_context

DEMO = load_catalogs(ROOT / "demo" / "catalog.json").default
RENDERER = Renderer(
    environment(LIBRARY.folder),
    LIBRARY.specs,
    LIBRARY.slots,
    urls_of=lambda shop: ShopUrls(shop.id, "", {}),
    props_context=props_context,
)
FALLBACKS = {slot: SlotContent("fallback", f"<p>{slot}</p>") for slot in SLOTS}


def composed() -> list[Component]:
    made = (component(kind) for kind in SLOTS)
    return [Component(item["type"], item["id"], item["config"]) for item in made]


def drawn(item: Component) -> RenderedComponent:
    html = RENDERER.component(item, DEMO)
    assert not isinstance(html, Refusal)
    return RenderedComponent(item, html)


def event(number: int, name: str, html: str = "") -> Event:
    made = RenderedComponent(Component(name, name, {}), html)
    return Event(number, *component_event(made))


PAGE = StoredPage(
    html="<!doctype html><p>Für “alle”</p>",
    components=composed(),
    persona_type="collector",
    persona_hash="v2_collector_85_9f86d081884c",
    generated_at="2026-01-01T00:00:00Z",
    model="kimi-k2.6",
    generation_time_ms=4321,
    content="digest",
    shop_id="demo",
    product_count=30,
)


def test_the_data_of_a_component_is_json_on_one_line() -> None:
    _, data = component_event(
        RenderedComponent(Component("hero", "hero", {}), '<p class="a">\n“ü”</p>')
    )
    assert "\n" not in data
    assert json.loads(data) == {"slot": "hero", "type": "hero", "html": '<p class="a">\n“ü”</p>'}


def test_the_data_of_ready_names_persona_and_time() -> None:
    assert json.loads(ready_event(PAGE)[1]) == {
        "persona_hash": PAGE.persona_hash,
        "generated_at": PAGE.generated_at,
    }


def test_without_events_the_fallbacks_stand() -> None:
    assert fold([], FALLBACKS) == FALLBACKS


@pytest.mark.parametrize("order", list(itertools.permutations(("hero", "grid", "cta"))))
def test_slots_fill_alike_in_any_order(order: tuple[str, ...]) -> None:
    events = [event(number, name, f"<b>{name}</b>") for number, name in enumerate(order)]
    expected = {name: SlotContent(name, f"<b>{name}</b>") for name in order}
    assert fold(events, FALLBACKS) == {**FALLBACKS, **expected}


def test_the_last_filling_of_a_slot_stands() -> None:
    filled = fold([event(1, "hero", "old"), event(2, "hero", "new")], FALLBACKS)
    assert filled["hero"] == SlotContent("hero", "new")


def test_progress_and_endings_fill_nothing() -> None:
    others = [Event(1, "progress", "{}"), Event(2, "ready", "{}"), Event(3, "error", "{}")]
    assert fold(others, FALLBACKS) == FALLBACKS


def test_folding_leaves_the_fallbacks_as_they_were() -> None:
    before = dict(FALLBACKS)
    fold([event(1, "hero", "x")], FALLBACKS)
    assert before == FALLBACKS


# ------------------------------------------------------------------ kept


def test_a_page_comes_back_as_it_was_kept() -> None:
    assert from_kv(to_kv(PAGE)) == PAGE


def test_the_kept_value_is_the_contracts() -> None:
    value = json.loads(to_kv(PAGE))
    assert value["version"] == 1
    assert value["ui"]["html"] == PAGE.html
    assert value["ui"]["components"][0] == component("hero")
    assert set(value["meta"]) == {
        "persona_type",
        "persona_hash",
        "generated_at",
        "model",
        "generation_time_ms",
        "content",
    }
    assert value["shop_context"] == {"shop_id": "demo", "product_count": 30}


def changed(path: str, value: object) -> bytes:
    kept: Any = json.loads(to_kv(PAGE))
    *before, last = path.split("/")
    place = kept
    for name in before:
        place = place[int(name) if name.isdigit() else name]
    place[last] = value
    return json.dumps(kept).encode()


@each(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"7",
        b'"text"',
        b"[]",
        b"{}",
        b'{"version": 1}',
        to_kv(PAGE)[:-1],
        changed("version", 2),
        changed("version", "1"),
        changed("ui", None),
        changed("ui", []),
        changed("ui/components", 7),
        changed("ui/components", [7]),
        changed("ui/components", [{}]),
        changed("ui/components/0/config", 7),
        changed("meta", {}),
        changed("meta/generation_time_ms", "soon"),
        changed("meta/generation_time_ms", None),
        changed("shop_context", None),
        changed("shop_context/product_count", []),
        changed("meta/generation_time_ms", float("inf")),
        b"[" * 100_000,
        changed("ui/components/0/type", []),
    ],
)
def test_a_value_that_makes_no_sense_is_no_page(value: bytes) -> None:
    assert from_kv(value) is None


# ------------------------------------------------------------------ unfolded


def test_unfolding_a_page_folds_back_to_what_was_drawn() -> None:
    events = replay(PAGE, RENDERER, DEMO, 0)
    expected = {item.slot: SlotContent(item.type, drawn(item).html) for item in composed()}
    assert fold(events, FALLBACKS) == expected


def test_unfolded_events_are_numbered_on_and_end_with_ready() -> None:
    events = replay(PAGE, RENDERER, DEMO, 0)
    assert [item.id for item in events] == list(range(events[0].id, events[0].id + 6))
    assert [item.name for item in events] == ["component"] * 5 + ["ready"]
    assert (events[-1].name, events[-1].data) == ready_event(PAGE)


def test_a_component_that_is_no_longer_sold_is_left_out() -> None:
    gone = composed()[0]._replace(config={**composed()[0].config, "product_id": "gone"})
    page = PAGE._replace(components=[gone, *composed()[1:]])
    filled = fold(replay(page, RENDERER, DEMO, 0), FALLBACKS)
    assert filled["hero"] == FALLBACKS["hero"]
    assert filled["grid"].by == "grid"


def test_a_kept_page_streams_as_it_was_first_streamed() -> None:
    kept = from_kv(to_kv(PAGE))
    assert kept is not None
    first = [component_event(drawn(item))[1] for item in composed()]
    again = [item.data for item in replay(kept, RENDERER, DEMO, 0)[:-1]]
    assert again == first


# ------------------------------------------------------------------ replayed

COMPOSED_AT = 1_767_225_600_000_000


def replayed(after: int) -> list[tuple[int, str]]:
    return [(item.id, item.name) for item in replay(PAGE, RENDERER, DEMO, after)]


@pytest.mark.parametrize(
    "after", [0, 1, COMPOSED_AT - 1, COMPOSED_AT + 77, COMPOSED_AT + 10**12 + 9]
)
def test_a_reader_who_saw_no_replay_gets_the_whole_page_after_what_it_saw(after: int) -> None:
    events = replayed(after)
    assert [name for _, name in events] == ["component"] * 5 + ["ready"]
    assert events[0][0] > after


@pytest.mark.parametrize("after", [0, COMPOSED_AT + 500_000])
def test_a_reader_cut_off_after_each_event_gets_on_to_the_end(after: int) -> None:
    whole = replayed(after)
    seen: list[tuple[int, str]] = []
    while not seen or seen[-1][1] != "ready":
        seen.append(replayed(seen[-1][0] if seen else after)[0])
    assert seen == whole


def test_a_page_that_does_not_say_when_it_was_composed_is_replayed_as_well() -> None:
    events = replay(PAGE._replace(generated_at="once"), RENDERER, DEMO, 0)
    assert [item.id for item in events] == [1_000_000 + at for at in range(6)]
