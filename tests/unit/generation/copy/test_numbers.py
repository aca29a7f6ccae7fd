"""Number words are read as values."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.generation.copy.numbers import Number, digits_value
from app.generation.copy.text import fold, words
from tests.support.cases import each
from tools.eval_copy import lexicons

LEXICONS = lexicons()


@each(
    ("language", "text", "value"),
    [
        ("en", "twenty-five", 25),
        ("en", "two hundred and fifty", 250),
        ("en", "three thousand", 3000),
        ("en", "2 million", 2_000_000),
        ("de", "fünfundzwanzig", 25),
        ("de", "zweihundertfünfzig", 250),
        ("fr", "quatre-vingt-dix", 90),
        ("fr", "soixante-dix", 70),
        ("es", "treinta y cinco", 35),
        ("it", "ventotto", 28),
        ("nl", "vijfentwintig", 25),
        ("pl", "dwadzieścia pięć", 25),
        ("ja", "二百五十", 250),
        ("ja", "三千", 3000),
        ("ar", "خمسة وعشرون", 25),
        ("en", "two dozen", 24),
        ("fr", "quatre-vingt-quinze", 95),
        ("en", "four fifty", "4.50"),
        ("en", "nineteen ninety-five", "19.95"),
        ("de", "drei neunundneunzig", "3.99"),
        ("fr", "quatre cinquante", "4.50"),
        ("it", "quattro e cinquanta", "4.50"),
        ("es", "nueve noventa y cinco", "9.95"),
        ("pl", "trzy dziewięćdziesiąt dziewięć", "3.99"),
    ],
)
def test_a_number_is_read_to_its_end(language: str, text: str, value: int | str) -> None:
    said = words(fold(text))
    assert LEXICONS[language].numbers.read(said, 0) == Number(len(said), Decimal(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,500", "1500"),
        ("1.500", "1500"),
        ("1,5", "1.5"),
        ("1 500,25", "1500.25"),
        ("0,500", "0.5"),
    ],
)
def test_digits_are_read_in_any_writing(text: str, value: str) -> None:
    assert digits_value(text) == Decimal(value)
