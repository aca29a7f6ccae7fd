"""The trace: codes, counts and sizes of one page, within bounds."""

from __future__ import annotations

import json

import pytest

from app.domain.llm import TokensUsed
from app.domain.page import Refusal
from app.generation.trace import Trace
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def trace(clock: Clock) -> Trace:
    return Trace("page-id-of-some-length", "demo", "collector", clock)


def test_time_is_counted_from_when_the_page_was_begun(trace: Trace, clock: Clock) -> None:
    clock.now += 1.25
    trace.note("drawn")
    assert trace.elapsed_ms == trace.notes[0].at == 1250


def test_a_note_is_counted_under_its_name_and_code(trace: Trace) -> None:
    trace.note("drawn")
    trace.note("failed", "TIMEOUT")
    trace.refused(Refusal("PRICE_IN_COPY", "hero.headline"))
    trace.refused(Refusal("PRICE_IN_COPY", "grid.text"))
    assert trace.counts == {"drawn": 1, "failed:TIMEOUT": 1, "refused:PRICE_IN_COPY": 2}
    assert [note.where for note in trace.notes] == ["", "", "hero.headline", "grid.text"]


def test_repairs_are_one_note_a_kind_and_counted_all(trace: Trace) -> None:
    trace.repaired({"comma": 3, "quote": 1})
    assert trace.counts == {"repaired:comma": 3, "repaired:quote": 1}
    assert [note.code for note in trace.notes] == ["comma", "quote"]


def test_notes_beyond_the_bound_are_only_counted(trace: Trace) -> None:
    for _ in range(1_000):
        trace.note("drawn")
    assert len(trace.notes) == 200
    assert trace.counts["drawn"] == 1_000


def test_what_several_answers_cost_is_added_up(trace: Trace) -> None:
    trace.spent(TokensUsed(100, 10, 80))
    trace.spent(TokensUsed(200, 20, 0))
    assert trace.tokens == TokensUsed(300, 30, 80)


def test_the_summary_is_json_of_codes_and_numbers(trace: Trace, clock: Clock) -> None:
    clock.now += 2
    trace.status, trace.model, trace.brief_tokens = "completed", "kimi-k2.6", 1_200
    trace.spent(TokensUsed(100, 10, 80))
    trace.refused(Refusal("EXTRA_PROP", "hero.?"))
    assert json.loads(json.dumps(trace.summary())) == {
        "page": "page-id-",
        "shop": "demo",
        "persona": "collector",
        "status": "completed",
        "model": "kimi-k2.6",
        "ms": 2000,
        "brief_tokens": 1200,
        "tokens": {"prompt": 100, "completion": 10, "cached": 80},
        "counts": {"refused:EXTRA_PROP": 1},
    }


def test_the_whole_trace_is_the_summary_with_its_notes(trace: Trace) -> None:
    trace.note("drawn", where="hero")
    whole = trace.as_dict()
    assert whole.pop("notes") == [{"at": 0, "what": "drawn", "code": "", "where": "hero"}]
    assert whole == trace.summary()


def test_neither_repeats_the_whole_page_id(trace: Trace) -> None:
    trace.note("drawn")
    assert "page-id-of" not in json.dumps(trace.as_dict())
