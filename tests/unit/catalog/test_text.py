from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.text import LONGEST_DESCRIPTION, plain, shorten, slug
from app.util.joiners import drop_shaping
from tests.support.cases import each


@each(
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
        ("<a title='x >One</a>", ""),
        ("so<wbr>me", "some"),
        ("<ul><li>Oak<li>Elm</ul>and <u>ash</u>", "Oak Elm and ash"),
        ("<table><td>Width</td><td>3&nbspcm", "Width 3 cm"),
        ("<frameset>Two", "Two"),
        ("<p>a\ud800b", "ab"),
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


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",  # noqa: RUF001 - Persian: two parts of one word
        "क\u094d\u200dष",  # Hindi: a half letter
        "ന\u0d4d\u200d",  # Malayalam: a letter without a vowel, at the end of the word
        "ශ\u0dca\u200dරී",  # Sinhala
        "\U0001f468\u200d\U0001f469\u200d\U0001f467",  # a family
        "\U0001f3f3\ufe0f\u200d\U0001f308",  # a flag
        "\U0001f44d\U0001f3fd",  # a thumb with the tone of its skin
    ],
)
def test_joiners_stay_where_they_join(text: str) -> None:
    assert plain(text) == text
    assert plain(f"<b>{text}</b> &amp; co") == f"{text} & co"


@pytest.mark.parametrize("text", ["a\u200cb", "a\u200d", "\u200dم", "م\u200c \u200cم", "1\ufe0f"])
def test_joiners_go_where_nothing_is_joined(text: str) -> None:
    assert plain(text) == text.replace("\u200c", "").replace("\u200d", "").replace("\ufe0f", "")


def test_of_several_joiners_one_is_left_and_none_beside_what_else_is_hidden() -> None:
    assert plain("م\u200c\u200c\u200cخ") == "م\u200cخ"
    assert plain("م\u202e\u200cخ") == "مخ"


def test_a_text_is_cut_to_its_bound_and_never_through_a_tag() -> None:
    assert shorten("x" * 200, 200) == ("x" * 200, False)
    assert shorten("x" * 500, 200) == ("x" * 200, True)
    assert shorten("y" * 10 + "<p " + "x" * 5_000, 200) == ("y" * 10, True)
    assert shorten(f"<p>{'z' * 10}{'<b>' * 1_000}", 200) == ("z" * 10, True)


def test_a_text_is_not_cut_through_a_family() -> None:
    assert plain("x" * 198 + "\U0001f468\u200d\U0001f469") == "x" * 198 + "\U0001f468"


def test_a_file_written_into_a_description_costs_none_of_its_words() -> None:
    picture = f"<img src='data:image/png;base64,{'A' * 200_000}'>"
    assert shorten(f"<p>Big</p>{picture}<p>jar</p>", LONGEST_DESCRIPTION) == ("Big jar", False)


@given(st.text(st.characters()))
def test_every_text_comes_out_visible_composed_and_bounded(markup: str) -> None:
    text = plain(markup, 20)
    assert len(text) <= 20
    assert drop_shaping(text).isprintable()
    assert text == text.strip()
    assert unicodedata.is_normalized("NFC", text)


@each(
    "unit",
    [
        "<!--",
        "<![",
        "</",
        "<a ",
        "<a b='",
        "&#",
        "&",
        "<!",
        "<?",
        "<script>",
        "<a '\">",
        "<div>",
        "<a><div>",
        "<p><b>",
    ],
)
def test_no_markup_takes_long_however_it_is_nested(unit: str) -> None:
    began = time.process_time()
    plain(unit * 200_000, LONGEST_DESCRIPTION)
    assert time.process_time() - began < 5.0


def test_no_pile_of_accents_takes_long_to_compose() -> None:
    began = time.process_time()
    plain("\u0301\u0323" * 1_000_000, 4_000)
    assert time.process_time() - began < 5.0


@given(st.text())
def test_a_slug_is_safe_in_an_address(text: str) -> None:
    assert len(slug(text)) <= 40
    assert set(slug(text)) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
