"""Functions for templates: products with pictures, totals, variants and options."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import islice

from app.domain.catalog import Money, Product, Shop, Variant

Gettext = Callable[[str], str]
"""Returns a message in a shop's language."""


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


def choices_of(item: Product, gettext: Gettext) -> list[tuple[str, list[Variant]]]:
    """Return the variants to choose from, those together that differ in their last option alone.

    Each group has its heading: what its variants share, and the name of what they differ in.
    """
    names = _named(item, gettext)
    groups: dict[tuple[str, ...], list[Variant]] = {}
    for form in item.variants if len(item.variants) > 1 else ():
        groups.setdefault(form.values[:-1], []).append(form)
    return [
        (", ".join(filter(None, [*map(_option, names, shared), *names[-1:]])), forms)
        for shared, forms in groups.items()
    ]


def options_of(item: Product, gettext: Gettext) -> dict[str, list[str]]:
    """Return what a product can be had in, by the option's name; empty where it has none."""
    if not item.option_names:
        return {"": list(item.options)} if item.options else {}
    forms = [form for form in item.variants if form.available] or item.variants
    return {
        name: list(dict.fromkeys(form.values[at] for form in forms if form.values[at]))
        for at, name in enumerate(_named(item, gettext))
    }


def _named(item: Product, gettext: Gettext) -> list[str]:
    """Return what a product's options are called: Google's feeds name theirs in English."""
    texts = gettext("Color"), gettext("Size"), gettext("Material"), gettext("Pattern")
    known = dict(zip(("Color", "Size", "Material", "Pattern"), texts, strict=True))
    return [known.get(name, name) for name in item.option_names]


def _option(name: str, value: str) -> str:
    """Return a value, isolated: behind an Arabic name "45 x 45 cm" would read "x 45 cm 45"."""
    return f"{name}: \u2068{value}\u2069" if name and value else value
