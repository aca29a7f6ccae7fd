"""Faults made on purpose, as values: what they do to a text, to events, and to time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.domain.events import Event
from app.domain.limits import CallLimits
from app.domain.llm import ModelFailed
from app.workbench.player.faults import (
    EVENT_FAULTS,
    EventFaults,
    ModelFault,
    deliveries,
    ends,
    inject,
    read_event_faults,
    read_model_fault,
)
from app.workbench.player.recordings import Piece, ReplayModel, at_a_pace, names, read, save
from app.workbench.safe_write import NotWritten
from tests.support.fake_llm.files import recording
from tests.support.fake_model import answer, ends_of_components
from tools.support.server import ROOT

PIECES = at_a_pace(answer())


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_components_end_where_their_braces_close() -> None:
    assert ends(answer()) == list(ends_of_components(answer()))


@pytest.mark.parametrize("name", ["compact", "lines", "long", "pretty"])
def test_the_recordings_of_the_tests_are_played_whole(name: str) -> None:
    pieces = read(ROOT, name)
    assert pieces
    assert text(pieces) == recording(name)


def test_a_stall_takes_time_and_nothing_else() -> None:
    later = inject(PIECES, ModelFault("stalls", 2, 4.0))
    assert text(later) == text(PIECES)
    waits = [after.at - before.at for before, after in zip(PIECES, later, strict=True)]
    assert set(waits) == {0, 4000}
    start = ends(answer())[0]
    assert waits.index(4000) == -(-start // 24)


@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
def test_broken_json_breaks_the_component_it_is_meant_for(at: int) -> None:
    broken = text(inject(PIECES, ModelFault("breaks", at)))
    with pytest.raises(ValueError, match=r"."):
        json.loads(broken)
    start = [0, *ends(answer())][at - 1]
    assert broken.startswith(answer()[:start])


@pytest.mark.parametrize(
    ("at", "prop"), [(1, "product_id"), (3, "product_ids"), (4, "product_ids")]
)
def test_an_invented_product_is_the_only_change(at: int, prop: str) -> None:
    invented = json.loads(text(inject(PIECES, ModelFault("invents", at))))["components"]
    usual = json.loads(answer())["components"]
    changed = invented[at - 1]["config"].pop(prop)
    usual[at - 1]["config"].pop(prop)
    assert "a-product-nobody-sells" in changed
    assert invented == usual


def test_one_that_leaves_stops_in_the_middle() -> None:
    left = text(inject(PIECES, ModelFault("leaves", 3)))
    begin, end = ends(answer())[1:3]
    assert answer().startswith(left)
    assert begin < len(left) < end


@pytest.mark.parametrize(
    ("pieces", "when"),
    [
        ([Piece(10_001, "{")], 10.0),
        ([Piece(100, "{"), Piece(8_101, "}")], 8.1),
        ([Piece(7_000 * at, "{") for at in range(1, 5)], 25.0),
    ],
    ids=["before the first text", "between two", "in all"],
)
@pytest.mark.anyio
async def test_a_provider_is_given_as_much_time_as_a_real_one(
    pieces: list[Piece], when: float
) -> None:
    played = ReplayModel(pieces, CallLimits())
    with pytest.raises(ModelFailed, match="TIMEOUT"):
        _ = [event async for event in played.compose(None)]  # type: ignore[arg-type]
    assert played.now == when


def events() -> list[tuple[int, Event]]:
    return [(at * 100, Event(at + 1, "component", "{}")) for at in range(4)]


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        ("none", [0, 1, 2, 3]),
        ("lost", [0, 2, 3]),
        ("twice", [0, 1, 1, 2, 3]),
        ("swapped", [0, 2, 1, 3]),
        ("late", [0, 2, 3, 1]),
    ],
)
def test_an_event_arrives_as_its_fate_has_it(kind: str, numbers: list[int]) -> None:
    sent = deliveries(events(), EventFaults({1: kind}))
    assert [item.number for item in sent] == numbers
    assert [item.at for item in sent] == sorted(item.at for item in sent)


@pytest.mark.parametrize(
    "told",
    [{}, {"kind": "no such"}, {"kind": "stalls", "at": 0}, {"kind": "stalls", "at": "1"}, {"kind": ["x"]}],
)  # fmt: skip
def test_a_fault_that_makes_no_sense_is_none(told: dict[str, object]) -> None:
    assert read_model_fault(told) == ModelFault()


def test_fates_that_make_no_sense_are_passed_over() -> None:
    told = {
        "events": {"1": "lost", "x": "lost", "9" * 5_000: "lost", "2": "no such", "3": "none"},
        "cut": "many",
    }
    assert read_event_faults(told) == EventFaults({1: "lost"}, 0)
    assert set(EVENT_FAULTS) == {"none", "late", "lost", "twice", "swapped"}


def test_a_recording_comes_back_at_its_own_pace(tmp_path: Path) -> None:
    pieces = [Piece(5, '{"a"'), Piece(900, ": 1}")]
    save(tmp_path, "mine", pieces)
    assert names(tmp_path) == ["mine"]
    assert read(tmp_path, "mine") == pieces
    with pytest.raises(NotWritten, match="already"):
        save(tmp_path, "mine", pieces)
    (tmp_path / "tests" / "recordings" / "mine.txt").write_text("another\n")
    assert read(tmp_path, "mine") == at_a_pace("another"), "the pace was another text's"


@pytest.mark.parametrize("pace", ["[[Infinity, 7]]", "[[1]]", "{", "[" * 100_000, "[[1, 9]]"])
def test_a_recording_changed_by_hand_is_played_as_far_as_it_makes_sense(
    tmp_path: Path, pace: str
) -> None:
    save(tmp_path, "mine", [Piece(5, "another")])
    folder = tmp_path / "tests" / "recordings"
    (folder / "mine.pace.json").write_text(pace)
    assert read(tmp_path, "mine") == at_a_pace("another")
    (folder / "mine.txt").write_bytes(b"\xff")
    assert read(tmp_path, "mine") is None
    (folder / "mine.txt").unlink()
    (folder / "mine.txt").mkdir()
    assert read(tmp_path, "mine") is None
