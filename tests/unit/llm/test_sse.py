"""Lines of an event stream: the same data whatever the cuts, and never without bound."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.llm.sse import SseLines, StreamBroken

STREAM = (
    b': a comment\n\nevent: said\ndata: {"a":1}\n\ndata:{"b":"caf\xc3\xa9"}\r\n\r\n'
    b"id: 7\nretry: 10\ndata:  spaced  \n\ndata:\n\n\x16\xfe garbage\ndata: [DONE]\n\n"
)
DATA = [b'{"a":1}', '{"b":"café"}'.encode(), b"spaced", b"", b"[DONE]"]
MIB = 1024 * 1024


def read(pieces: list[bytes]) -> list[bytes]:
    lines = SseLines()
    return [data for piece in pieces for data in lines.feed(piece)]


def test_the_data_of_every_event_is_read_and_nothing_else() -> None:
    assert read([STREAM]) == DATA


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_the_same_data_comes_out_however_the_bytes_are_cut(size: int) -> None:
    assert read([STREAM[at : at + size] for at in range(0, len(STREAM), size)]) == DATA


@given(st.lists(st.integers(0, len(STREAM)), max_size=12).map(sorted))
def test_any_cuts_give_the_same_data(cuts: list[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    assert read([STREAM[a:b] for a, b in pairwise(edges)]) == DATA


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_bytes_at_all_can_break_the_reading(pieces: list[bytes]) -> None:
    assert read(pieces) == read([b"".join(pieces)])


def test_a_line_that_never_ends_yields_nothing_while_it_grows() -> None:
    assert read([b"data: "] + [b"x" * 1024] * 1000) == []


def test_a_line_past_the_bound_breaks_the_stream() -> None:
    lines = SseLines()
    assert list(lines.feed(b"x" * MIB)) == []
    with pytest.raises(StreamBroken):
        list(lines.feed(b"x"))


def test_a_line_past_the_bound_breaks_the_stream_though_it_comes_whole() -> None:
    with pytest.raises(StreamBroken):
        read([b"data: " + b"x" * MIB + b"\n\n"])
