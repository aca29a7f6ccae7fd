"""The words of the pages: whole in each language we bring, with the same places for values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from gettext import NullTranslations
from pathlib import Path

import pytest
from jinja2 import Environment
from jinja2.nodes import Const

from app.content.site import merged, read_catalogs
from app.rendering.po import read_po
from app.settings import ROOT
from tests.support.cases import each
from tests.support.messages import Message, collect

CATALOGS = read_catalogs(ROOT / "locale")
TEMPLATES = sorted((ROOT / "components").rglob("*.jinja"))
COUNTS = (0, 1, 2, 3, 11, 100, 103)
"""Numbers of which every language has each of its plural forms among them."""

_MARKS = re.compile(r"""[<>"]|&\w+;""")
_PLACES = re.compile(r"%(?:\((\w+)\)s|.?)")


def places(text: str) -> list[str]:
    """Return what a message names; a lone percent sign is an empty name."""
    return sorted(_PLACES.findall(text))


@cache
def words_of(language: str) -> NullTranslations:
    return read_po(CATALOGS[language])


def forms(language: str, message: Message) -> Iterator[str]:
    words = words_of(language)
    if message.plural:
        yield from (words.ngettext(*message, count) for count in COUNTS)
    else:
        yield words.gettext(message.text)


def test_the_languages_we_promise_are_there() -> None:
    assert set(CATALOGS) >= {"de", "fr", "es", "ja", "ar"}
    assert len(collect()) > 50


@pytest.mark.parametrize("language", CATALOGS)
def test_every_message_is_translated(language: str) -> None:
    translated = CATALOGS[language].split("\n")
    missing = [
        message
        for message in collect()
        if f'msgid "{message.text}"' not in translated
        or any(not form for form in forms(language, message))
        or (message.plural and message.plural in forms(language, message))
    ]
    assert missing == []


@pytest.mark.parametrize("language", CATALOGS)
def test_nothing_is_translated_that_no_page_says(language: str) -> None:
    said = set(re.findall(r'^msgid "(.+)"$', CATALOGS[language], re.MULTILINE))
    assert said == {message.text for message in collect()}


@pytest.mark.parametrize("language", CATALOGS)
def test_a_translation_names_what_its_message_names(language: str) -> None:
    """One, two and none may go without their number."""
    for message in collect():
        *some, last = forms(language, message)
        assert places(last) == places(message.plural or message.text), message
        assert all(set(places(form)) <= set(places(last)) for form in some), message


@pytest.mark.parametrize("language", CATALOGS)
def test_a_message_holds_no_markup(language: str) -> None:
    texts = [form for message in collect() for form in (*message, *forms(language, message))]
    assert [text for text in texts if _MARKS.search(text)] == []


@each("path", TEMPLATES)
def test_a_template_says_nothing_but_messages(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", path.read_text(), flags=re.DOTALL)
    attributes = re.findall(r'(?:aria-label|placeholder|alt|title)="([^"]+)"', text)
    shown = re.sub(r"<[^>]*>", " ", text).split()
    assert [word for word in (*attributes, *shown) if re.search(r"[^\W\d_]", word)] == []


@each("path", TEMPLATES)
def test_a_template_calculates_nothing_but_messages(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text())
    messages = {message.text for message in collect()} | {message.plural for message in collect()}
    texts = [node.value for node in tree.find_all(Const) if isinstance(node.value, str)]
    assert [text for text in texts if re.match(r"[A-Z][a-z]", text) and text not in messages] == []


def test_a_later_folders_words_come_first() -> None:
    assert merged([{"de": "ours", "fr": "ours"}, {"de": "own"}]) == {
        "de": ["own", "ours"],
        "fr": ["ours"],
    }
