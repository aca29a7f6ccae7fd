"""Amounts as a shop window shows them."""

from __future__ import annotations

from decimal import Decimal

from app.domain.catalog import Money

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "JPY": "¥", "INR": "₹"}
_WHOLE = {"JPY", "KRW", "VND", "CLP", "ISK"}


def money(value: Money) -> str:
    """Return an amount with its sign, or with its currency's code where it has none."""
    places = Decimal(1) if value.currency in _WHOLE else Decimal("0.01")
    number = f"{value.amount.quantize(places):,}"
    sign = _SIGNS.get(value.currency)
    return f"{sign}{number}" if sign else f"{number}\u00a0{value.currency}"
