"""Characters cut in two: their halves find each other, and a half alone is dropped and counted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.llm.surrogates import SurrogateJoiner
from tests.support.cases import each

HIGH, LOW = "\ud83d", "\ude00"


def joined(*texts: str) -> tuple[str, int]:
    joiner = SurrogateJoiner()
    text = "".join(map(joiner.feed, texts))
    joiner.close()
    return text, joiner.dropped


@each(
    ("texts", "text", "dropped"),
    [
        (["plain", " text"], "plain text", 0),
        (["a" + HIGH, LOW + "b"], "a😀b", 0),
        ([HIGH, "", LOW], "😀", 0),
        ([HIGH + LOW], "😀", 0),
        ([HIGH, "b"], "b", 1),
        (["a", LOW + "b"], "ab", 1),
        ([HIGH, HIGH, LOW], "😀", 1),
        ([LOW + HIGH], "", 2),
        (["a" + HIGH], "a", 1),
    ],
)
def test_halves_wait_for_each_other(texts: list[str], text: str, dropped: int) -> None:
    assert joined(*texts) == (text, dropped)


def test_what_comes_before_a_half_is_not_held_back_with_it() -> None:
    assert SurrogateJoiner().feed("now" + HIGH) == "now"


@given(st.text(max_size=30), st.integers(1, 4))
def test_any_text_cut_by_utf_16_units_comes_out_whole(text: str, size: int) -> None:
    units = text.encode("utf-16-le", "surrogatepass")
    pieces = (units[at : at + size * 2] for at in range(0, len(units), size * 2))
    whole = joined(*(piece.decode("utf-16-le", "surrogatepass") for piece in pieces))
    assert whole == (text, 0)
