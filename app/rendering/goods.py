"""What components ask of the catalog beside a product's own facts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import islice

from app.domain.catalog import Money, Product, Shop


def pictured(shop: Shop, category: str, size: int) -> list[Product]:
    """Return the first of a category that are in stock and have a picture."""
    items = shop.shelves().get(category, ())
    return list(islice((item for item in items if item.available and item.picture), size))


def total(items: Iterable[Product]) -> Money | None:
    """Return what those in stock come to, None where nothing is or the currencies differ."""
    prices = [item.price for item in items if item.available]
    currencies = {price.currency for price in prices}
    if len(currencies) != 1:
        return None
    return Money(sum((price.amount for price in prices), Decimal(0)), currencies.pop())
