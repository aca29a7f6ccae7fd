"""Joiners in copy: those that spelling needs hide nothing, any others do."""
# ruff: noqa: RUF001 - to it, Persian letters look like Latin ones

from __future__ import annotations

import pytest

from app.util.joiners import drop_shaping
from tests.support.cases import each

SIGNS = "\u200c\u200d"


@pytest.mark.parametrize(
    "text",
    [
        "کتاب\u200cهای خوب برای خانه",
        "क्\u200dष और क्\u200cष",
        "\u0d28\u0d4d\u200d",
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
        "A set for 👨\u200d👩\u200d👧",
        "❤\ufe0f\u200d🔥",
        "👩🏽\u200d🚀",
    ],
)
def test_a_joiner_that_joins_hides_nothing(text: str) -> None:
    assert set(SIGNS).isdisjoint(drop_shaping(text))


@each(
    "text",
    [
        "zero\u200cwidth",
        "zero\u200dwidth",
        "کتاب\u200c",
        "\u200cکتاب",
        "کتاب\u200c\u200cها",
        "👨\u200d",
        "👨\u200c👩",
        "a\u200d👩",
    ],
)
def test_one_that_joins_nothing_is_left_to_be_seen(text: str) -> None:
    assert not set(SIGNS).isdisjoint(drop_shaping(text))
