from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.html_text import shown_text
from app.catalog.text import plain, slug


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One Two"),
        ("One<br>Two<li>Three", "One Two Three"),
        ("<b>W</b>hole <em>words</em>", "Whole words"),
        ("Salt &amp; pepper &#233; &nbsp; done", "Salt & pepper é done"),
        ("<script>alert(1)</script>Safe<style>p{}</style>", "Safe"),
        ("Before<script>never closed", "Before"),
        ("&lt;script&gt;", "<script>"),
        ("I <3 mugs & 5 < 6", "I <3 mugs & 5 < 6"),
        ("Before <![x[ after", "Before <![x[ after"),
        ("<![CDATA[gone]]>Here", "Here"),
        ("Sizes S<M and L", "Sizes S<M and L"),
        ("<a title='x > y'>One</a>", "One"),
        ("<a title='x >One</a>", "One"),
        ("<SCRIPT>a</script >Two", "Two"),
        ("<!-- gone -->Here", "Here"),
        ("a\u200bb\u202ec\x00d\ud800e\u2066f\ufe0fg", "abcdefg"),
        ("  many \t\r\n\u2028\u00a0 spaces ", "many spaces"),
        ("a \u200b b", "a b"),
        ("e\u200b\u0301", "é"),
        ("\u3164\u2800", ""),
        ("", ""),
    ],
)
def test_html_and_hidden_characters_come_out_as_plain_text(markup: str, text: str) -> None:
    assert plain(markup) == text


def test_a_text_is_cut_to_its_bound_and_never_through_a_tag() -> None:
    assert plain("x" * 500) == "x" * 200
    assert plain("y" * 10 + "<p " + "x" * 5_000) == "y" * 10


@given(st.text(st.characters()))
def test_every_text_comes_out_visible_composed_and_bounded(markup: str) -> None:
    text = plain(markup, 20)
    assert len(text) <= 20
    assert text.isprintable()
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)


@pytest.mark.parametrize(
    "unit", ["<!--", "<![", "</", "<a ", "<a b='", "&#", "&", "<!", "<?", "<script>", "<a '\">"]
)
def test_no_markup_takes_longer_than_its_length_warrants(unit: str) -> None:
    began = time.perf_counter()
    shown_text(unit * 200_000)
    assert time.perf_counter() - began < 5.0


def test_no_pile_of_accents_takes_long_to_compose() -> None:
    began = time.perf_counter()
    plain("\u0301\u0323" * 1_000_000, 4_000)
    assert time.perf_counter() - began < 5.0


@given(st.text())
def test_a_slug_is_safe_in_an_address(text: str) -> None:
    assert len(slug(text)) <= 40
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
