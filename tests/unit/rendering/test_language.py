"""Languages: words from catalogs, and numbers and prices as each locale writes them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain.catalog import Money
from app.rendering.language import Languages, MessagesError, formats_of
from tests.support.cases import each

GERMAN = r"""
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\n"
"Plural-Forms: nplurals=2; plural=n != 1;\n"

msgid "Search"
msgstr "Suchen"

msgid "Only %(num)s left"
msgid_plural "Only %(num)s of %(name)s left"
msgstr[0] "Nur noch eines von <%(name)s>"
msgstr[1] "Nur noch %(num)s"
"""
AUSTRIAN = GERMAN.replace("Suchen", "Finden").partition('msgid "Only')[0]


@each(
    ("locale", "amount", "currency", "shown"),
    [
        ("en", "12.5", "EUR", "€12.50"),
        ("en", "1234567.891", "USD", "$1,234,567.89"),
        ("en", "1500", "JPY", "¥1,500"),
        ("en", "1500.00", "JPY", "¥1,500"),
        ("en", "12.50", "JPY", "¥12.50"),
        ("en", "0.40", "RSD", "RSD\u00a00.40"),
        ("en", "5", "CAD", "CA$5.00"),
        ("en", "12.5", "CHF", "CHF\u00a012.50"),
        ("en-GB", "9.999", "GBP", "£10.00"),
        ("en-gb", "5", "USD", "US$5.00"),
        ("de", "1234.5", "EUR", "1.234,50\u00a0€"),
        ("de-AT", "1234.5", "EUR", "€\u00a01.234,50"),
        ("de-CH", "1234567.5", "CHF", "CHF\u00a01\u2019234\u2019567.50"),
        ("fr", "1234.5", "EUR", "1\u202f234,50\u00a0€"),
        ("es", "1234.5", "EUR", "1234,50\u00a0€"),
        ("es", "12345.5", "EUR", "12.345,50\u00a0€"),
        ("es-MX", "1234.5", "MXN", "$1,234.50"),
        ("ja", "1500", "JPY", "￥1,500"),
        ("ja-JP", "1E+3", "EUR", "€1,000.00"),
        ("ar", "1234.5", "EUR", "\u200f1,234.50\u00a0€"),
        ("ar-EG", "1234.5", "EUR", "\u200f\u0661\u066c\u0662\u0663\u0664\u066b\u0665\u0660\u00a0€"),
        ("hi", "1234567", "INR", "₹12,34,567.00"),
        ("pl", "0", "PLN", "0,00\u00a0zł"),
        ("en", "1.2345", "KWD", "KWD\u00a01.234"),
        ("zh-Hant-TW", "3", "TWD", "$3.00"),
        ("tlh-Latn", "3", "EUR", "€3.00"),
    ],
)
def test_an_amount_is_written_as_the_locale_does(
    locale: str, amount: str, currency: str, shown: str
) -> None:
    assert formats_of(locale).money(Money(Decimal(amount), currency)) == shown


@pytest.mark.parametrize(
    ("locale", "count", "shown"),
    [("en", 999, "999"), ("en", 50_000, "50,000"), ("de", 50_000, "50.000"), ("es", 5_000, "5000")],
)
def test_a_count_is_written_as_the_locale_does(locale: str, count: int, shown: str) -> None:
    assert Languages().of(locale).number(count) == shown


@pytest.mark.parametrize(
    ("locale", "direction"),
    [("en", "ltr"), ("ar", "rtl"), ("he-IL", "rtl"), ("ur", "rtl"), ("ja", "ltr")],
)
def test_a_language_has_its_direction(locale: str, direction: str) -> None:
    assert Languages().of(locale).direction == direction


def test_what_a_region_does_not_say_its_language_does() -> None:
    languages = Languages({"de": [GERMAN], "de_AT": [AUSTRIAN]})
    assert languages.of("de-CH").gettext("Search") == "Suchen"
    austrian = languages.of("de-at").globals()
    assert austrian["_"]("Search") == "Finden"
    assert austrian["ngettext"]("Only %(num)s left", "Only %(num)s left", 2000) == (
        "Nur noch 2.000"
    )


def test_what_no_catalog_says_is_said_in_english() -> None:
    languages = Languages({"de": [GERMAN]})
    assert languages.of("de").gettext("Sort") == "Sort"
    assert languages.of("nl").gettext("Search") == "Search"
    assert [languages.has_words(tag) for tag in ("de-AT", "en-GB", "nl")] == [True, True, False]


def test_the_first_of_a_languages_catalogs_comes_before_the_next() -> None:
    languages = Languages({"de": [AUSTRIAN, GERMAN]})
    assert languages.of("de").gettext("Search") == "Finden"
    assert "Nur noch" in languages.of("de").globals()["ngettext"](
        "Only %(num)s left", "Only %(num)s left", 5
    )


def test_messages_and_what_they_name_are_text() -> None:
    said = (
        Languages({"de": [GERMAN]})
        .of("de")
        .globals()["ngettext"]("Only %(num)s left", "Only %(num)s left", 1, name="<b>")
    )
    assert said == "Nur noch eines von &lt;&lt;b&gt;&gt;"


def test_a_catalog_that_cannot_be_read_is_named_with_its_line() -> None:
    languages = Languages({"de": [f"{GERMAN}\nmsgstr Suchen"]})
    with pytest.raises(MessagesError, match=r"locale/de, line 15: "):
        languages.of("de")


def test_the_digest_changes_with_any_word() -> None:
    first, second = Languages({"de": [GERMAN]}), Languages({"de": [GERMAN, AUSTRIAN]})
    assert first.digest == Languages({"de": [GERMAN]}).digest
    assert len({Languages().digest, first.digest, second.digest}) == 3
