"""Events of a stream: the same whatever the cuts, as the standard says and as servers write them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm import sse
from app.llm.sse import EventReader, ServerEvent, StreamBroken
from tests.support.cases import each

STREAM = (
    b': a comment\n\nevent: said\ndata: {"a":1}\n\ndata:{"b":"caf\xc3\xa9"}\r\n\r\n'
    b"id: 7\nretry: 10\ndata:  spaced  \n\ndata:\n\n\x16\xfe garbage\ndata: [DONE]\n\n"
)
EVENTS = [
    ServerEvent(b'{"a":1}', b"said"),
    ServerEvent('{"b":"café"}'.encode()),
    ServerEvent(b"spaced"),
    ServerEvent(b""),
    ServerEvent(b"[DONE]"),
]
MIB = 1024 * 1024


def read(*pieces: bytes) -> list[ServerEvent]:
    """Return the events of a body that ends properly."""
    reader = EventReader()
    return [*(event for piece in pieces for event in reader.feed(piece)), *reader.close()]


def data(*pieces: bytes) -> list[bytes]:
    return [event.data for event in read(*pieces)]


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[at : at + size] for at in range(0, len(body), size)]


def test_every_event_is_read_with_its_name_and_nothing_else() -> None:
    assert read(STREAM) == EVENTS


@each("end", [b"\n", b"\r", b"\r\n"])
@each("size", [1, 2, 3, 7, 64, 4096])
def test_lines_may_end_as_they_like_and_the_bytes_be_cut_anywhere(end: bytes, size: int) -> None:
    body = STREAM.replace(b"\r\n", b"\n").replace(b"\n", end)
    assert read(*cut(body, size)) == EVENTS


@given(st.lists(st.integers(0, len(STREAM)), max_size=12).map(sorted))
def test_any_cuts_give_the_same_events(cuts: Sequence[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in pairwise(edges))) == EVENTS


@given(st.lists(st.sampled_from([b"data:", b"{", b"}", b"\r", b"\n", b"x", b"event: e"])))
def test_any_lines_are_read_alike_however_they_are_cut(tokens: list[bytes]) -> None:
    body = b"".join(tokens)
    assert read(*cut(body, 1)) == read(body)


@given(
    st.lists(st.binary(max_size=40), max_size=10).filter(lambda some: b"<" not in b"".join(some))
)
def test_no_bytes_at_all_can_break_the_reading(pieces: list[bytes]) -> None:
    assert read(*pieces) == read(b"".join(pieces))


def chunk(text: str, kind: int) -> bytes:
    return json.dumps({"a": kind, "delta": {"content": text}, "end": None}).encode()


def told(events: Sequence[bytes]) -> list[tuple[int, str]]:
    """Return what events say; those of one kind that follow one another say it together."""
    texts = [(it["a"], it["delta"]["content"]) for it in map(json.loads, events)]
    runs = groupby(texts, key=itemgetter(0))
    return [(kind, "".join(text for _, text in run)) for kind, run in runs]


@given(
    st.lists(st.tuples(st.text('ab"\\\n\u00e9\u3042{}', max_size=4), st.integers(0, 1))),
    st.integers(1, 300),
)
def test_events_that_differ_in_their_text_alone_may_come_as_one_that_says_it_all(
    said: list[tuple[str, int]], size: int
) -> None:
    chunks = [chunk(text, kind) for text, kind in said]
    body = b"".join(b"data: %b\n\n" % it for it in chunks)
    assert told(data(*cut(body, size))) == told(chunks)


@pytest.mark.parametrize("frame", [b"data: %b\n\n", b"data:%b\r\n\r\n", b"event: a\ndata: %b\n\n"])
def test_what_comes_in_one_piece_is_one_event(frame: bytes) -> None:
    reader = EventReader()
    first, *rest = (frame % chunk(text, 0) for text in ("{", 'a"', "\\", "b\n", "\u3042"))
    list(reader.feed(first))
    assert told([event.data for event in reader.feed(b"".join(rest))]) == [(0, 'a"\\b\n\u3042')]
    assert len(list(reader.feed(b"".join(rest[2:] * 9)))) == 1
    opening = frame % chunk("", 1)
    whole = [event.data for event in EventReader().feed(b"".join((opening, *rest[2:] * 9)))]
    assert told(whole) == [(1, ""), (0, "b\n\u3042" * 9)]
    assert len(whole) == 2, "though it is the first piece, and begins with another"


def test_a_name_that_came_before_is_that_of_the_first_alone() -> None:
    said = b"data: %b\n\n" % chunk("a", 0)
    *_, first, second = read(said * 2, b"event: error\n", said * 2)
    assert (first.name, second.name) == (b"error", b"")


def test_what_is_no_text_is_told_apart_from_what_is() -> None:
    sound, broken = chunk("a", 0), chunk("a", 0).replace(b'"a"', b'"\xe3\x81"')
    pieces = b"".join(b"data: %b\n\n" % it for it in (sound, broken, sound))
    assert data(pieces, pieces)[-3:] == [sound, broken, sound]


def test_several_lines_of_data_are_one_event() -> None:
    assert data(b'data: {\ndata:  "a": [\ndata:  1]\ndata: }\n\n') == [b'{\n"a": [\n1]\n}']


def test_events_without_a_blank_line_between_them_are_told_apart() -> None:
    body = b'data: {"a":1}\ndata: {"b":2}\ndata: [DONE]\n'
    assert data(body) == [b'{"a":1}', b'{"b":2}', b"[DONE]"]


@pytest.mark.parametrize("body", [b"data: last", b"data: last\n", b"data: last\n\n"])
def test_the_last_event_counts_though_its_blank_line_is_missing(body: bytes) -> None:
    assert data(body) == [b"last"]


def test_a_comment_that_a_relay_wrote_as_data_is_none() -> None:
    assert data(b'data: : PROCESSING\n\ndata: {"a":1}\n\ndata::\n\n') == [b'{"a":1}']


def test_a_byte_order_mark_is_no_part_of_any_line() -> None:
    assert data(b"\xef\xbb\xbfdata: a\n\n" * 2) == [b"a", b"a"]
    body = b"\xef\xbb\xbf" + STREAM
    assert read(body) == read(*cut(body, 1)) == EVENTS


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        (b"event: error\ndata: too busy\n\n", b"error", b"too busy"),
        (b'error: {"code":500}\n', b"error", b'{"code":500}'),
        (b"event: said\ndata: a\n\ndata: b\n\n", b"", b"b"),
    ],
)
def test_an_event_has_the_name_that_stands_with_it(body: bytes, name: bytes, said: bytes) -> None:
    assert read(body)[-1] == ServerEvent(said, name)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"a":\n [1]\n}', [b'{"a":\n[1]\n}']),
        (b'\xef\xbb\xbf{"a":1}', [b'{"a":1}']),
        (b'{"a":1}\n{"b":2}\n\n{"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
        (b': wait\n\n: wait\n\n{"a":\n [1]\n}', [b'{"a":\n[1]\n}']),
        (b'data: {"a":1}\n{"b":2}\n\ndata: {"c":3}', [b'{"a":1}', b'{"b":2}', b'{"c":3}']),
    ],
    ids=["whole", "after a mark", "one a line", "after comments", "within a stream"],
)
def test_json_that_comes_in_place_of_a_stream_is_read(body: bytes, found: list[bytes]) -> None:
    assert data(body) == data(*cut(body, 1)) == found


@pytest.mark.parametrize("body", [b"<!doctype html>\n", b"\xef\xbb\xbf  <html>", b"\n\n<p>"])
def test_a_page_for_people_is_no_stream(body: bytes) -> None:
    with pytest.raises(StreamBroken, match="HTML"):
        read(body)


def test_a_line_that_never_ends_yields_nothing_while_it_grows() -> None:
    reader = EventReader()
    pieces = [b"data: "] + [b"x" * 1024] * 1000
    assert [event for piece in pieces for event in reader.feed(piece)] == []


@pytest.mark.parametrize(
    "pieces",
    [
        [b"x" * MIB, b"x"],
        [b"data: " + b"x" * MIB + b"\n\n"],
        [b"data: " + b"x" * 1023 + b"\n"] * 1025,
        [b"{\n", *([b"x" * 1023 + b"\n"] * 1025)],
    ],
    ids=["growing", "whole", "many lines", "bare"],
)
def test_neither_a_line_nor_an_event_grows_past_its_bound(pieces: list[bytes]) -> None:
    with pytest.raises(StreamBroken, match="bytes"):
        read(*pieces)


def test_empty_lines_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "_LONGEST_EVENT", 1024)
    assert data(b"data:\n" * 1024 + b"\n") == [b"\n" * 1023]
    with pytest.raises(StreamBroken, match="bytes"):
        read(b"data:\n" * 1025)
