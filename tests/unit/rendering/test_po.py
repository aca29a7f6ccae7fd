"""Message catalogs in gettext's format: read as they are, and refused with their line."""

from __future__ import annotations

import pytest

from app.rendering.po import PoError, read_po

HEAD = r"""# Translations for a shop
#, fuzzy
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=3; plural=n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2;\n"

"""


def test_every_form_of_a_message_is_read() -> None:
    words = read_po(
        HEAD
        + r"""
#: components/grid.jinja
msgid "a \"quoted\" line\n"
"and another"
msgstr ""
"linia \"w cudzysłowie\"\n"
"i druga"

msgctxt "sorting"
msgid "Featured"
msgstr "Polecane"

#, python-format
msgid "%(num)s piece"
msgid_plural "%(num)s pieces"
msgstr[0] "%(num)s sztuka"
msgstr[1] "%(num)s sztuki"
msgstr[2] "%(num)s sztuk"

#~ msgid "Gone"
#~ msgstr "Nie ma"
"""
    )
    assert words.gettext('a "quoted" line\nand another') == 'linia "w cudzysłowie"\ni druga'
    assert words.pgettext("sorting", "Featured") == "Polecane"
    assert words.gettext("Featured") == "Featured"
    forms = [words.ngettext("%(num)s piece", "%(num)s pieces", count) for count in (1, 3, 5, 22)]
    assert [form.split()[1] for form in forms] == ["sztuka", "sztuki", "sztuk", "sztuki"]
    assert words.gettext("Gone") == "Gone"


@pytest.mark.parametrize(
    "entry",
    [
        '#, fuzzy\nmsgid "Search"\nmsgstr "Szukaj"\n',
        'msgid "Search"\nmsgstr ""\n',
        'msgid "Search"\nmsgid_plural "Searches"\nmsgstr[0] "Szukaj"\nmsgstr[1] ""\n',
    ],
)
def test_what_is_not_whole_is_not_translated(entry: str) -> None:
    words = read_po(HEAD + entry)
    assert words.gettext("Search") == "Search"
    assert words.ngettext("Search", "Searches", 1) == "Search"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (HEAD + "msgid Search\n", 8),
        (HEAD + 'msgid "Search"\nmsgstr "Szukaj\n', 9),
        (HEAD + 'msgid "Search"\nmsgstr "a"\nnonsense\n', 10),
        (HEAD + 'msgid "In %(place)s"\nmsgstr "W %(miejsce)s"\n', 9),
        (HEAD + 'msgid "In %(place)s"\nmsgstr "W %(place)d"\n', 9),
        (HEAD + 'msgid "In %(place)s"\nmsgstr ""\n"W %(place)"\n\n# end\n', 9),
        (HEAD + 'msgid "Pure"\nmsgstr "100% czyste"\n', 9),
        ('"text before a keyword"\n', 1),
        (HEAD.replace("plural=n==1", "plural=import os"), 1),
        (HEAD.replace("UTF-8", "none-such"), 1),
    ],
)
def test_what_is_no_catalog_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(PoError) as refused:
        read_po(text)
    assert refused.value.line == line
