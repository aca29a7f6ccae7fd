"""Prices and quantities as feeds write them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from app.catalog.problems import InvalidProduct, shown

MOST = Decimal(1_000_000_000)
"""The highest price that is not taken for a mistake: a very dear thing in Vietnamese dong."""

CURRENCY = re.compile(r"[A-Z]{3}")

_PRICE = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_QUANTITY = re.compile(r"-?[0-9]{1,9}")
_CENT = Decimal("0.01")


def price(value: object, name: str = "price") -> Decimal:
    """Return a price in hundredths; 0 is the price of what is given away.

    Raises:
        InvalidProduct: no number, negative, above MOST, or so small that it would read as free.
    """
    number = _number(value, name)
    if number.is_signed():
        raise InvalidProduct(f"{name} is negative")
    if number > MOST:
        raise InvalidProduct(f"{name} is above {MOST}")
    cents = number.quantize(_CENT, ROUND_HALF_UP)
    if number and not cents:
        raise InvalidProduct(f"{name} is less than {_CENT}")
    return cents


def quantity(text: str) -> int:
    """Return how many there are; oversold is none.

    Raises:
        InvalidProduct: it is no whole number.
    """
    if not _QUANTITY.fullmatch(text):
        raise InvalidProduct(f"quantity {shown(text)!r} is not a whole number")
    return max(int(text), 0)


def _number(value: object, name: str) -> Decimal:
    if isinstance(value, str) and _PRICE.fullmatch(value):
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite():
        return value
    raise InvalidProduct(f"{name} {shown(value)!r} is not a number")
