"""Amounts as a shop window shows them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.domain.catalog import Money
from app.rendering.money import money


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("12.5", "EUR", "€12.50"),
        ("0", "USD", "$0.00"),
        ("1234567.891", "USD", "$1,234,567.89"),
        ("9.999", "GBP", "£10.00"),
        ("5", "CAD", "CA$5.00"),
        ("5", "AUD", "A$5.00"),
        ("1500", "JPY", "¥1,500"),
        ("1500", "INR", "₹1,500.00"),
        ("1500", "KRW", "1,500\u00a0KRW"),
        ("12.5", "CHF", "12.50\u00a0CHF"),
        ("1E+3", "EUR", "€1,000.00"),
    ],
)
def test_an_amount_is_shown_with_its_sign_or_its_code(
    amount: str, currency: str, shown: str
) -> None:
    assert money(Money(Decimal(amount), currency)) == shown
