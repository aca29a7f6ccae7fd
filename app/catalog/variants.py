"""A product made of its variants, whichever feed lists them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Sequence
from itertools import chain, count

from app.catalog.text import plain_all
from app.domain.catalog import Product, Variant

MOST_VARIANTS = 250
MOST_OPTIONS = 100

_NOT_OF_AN_ID = re.compile(r"(?:(?![A-Za-z0-9._-])[\x00-\x7f])+")
_LONGEST_ID = 100


def made_of(
    product: Product,
    option_names: Sequence[str],
    variants: Iterable[Variant],
    note: Callable[[str], object],
) -> Product:
    """Return the product as its variants make it: priced at the cheapest that can be had.

    Of two with one id the first is sold, and a picture that says nothing shows what they are.
    One that says no more than the product itself is none. `note` takes what is wrong with a
    product that is sold all the same.
    """
    kept: dict[str, Variant] = {}
    for variant in variants:
        if variant.id in kept:
            note(f"variant is not sold: another has the id {variant.id!r}")
        elif len(kept) == MOST_VARIANTS:
            note(f"sold in {MOST_VARIANTS} variants, the most a product may have")
            break
        else:
            picture = variant.picture
            kept[variant.id] = variant
            if picture and not picture.alt:
                picture = picture._replace(alt=f"{product.title}, {variant.label}")
                kept[variant.id] = variant._replace(picture=picture)
    forms = tuple(kept.values())
    cheapest = min(forms, key=lambda form: (not form.available, form.price.amount))
    stocks = [form.stock for form in forms if form.stock is not None]
    columns = zip(*(form.values for form in forms), strict=True)
    made = product._replace(
        price=cheapest.price,
        compare_at=cheapest.compare_at,
        varies=len({form.price for form in forms}) > 1,
        available=any(form.available for form in forms),
        stock=sum(stocks) if len(stocks) == len(forms) else None,
        options=plain_all([value for column in columns for value in column], MOST_OPTIONS),
        option_names=tuple(option_names),
    )
    alone = tuple(form._replace(picture=None) for form in made.forms())
    return made if forms == alone else made._replace(variants=forms)


def variant_id(taken: Container[str], *names: str, own: str = "") -> str:
    """Return an id that no other variant has: its own to the letter, by which a checkout knows it.

    Else it is the first name that says something, or like it.
    """
    if own and own not in taken:
        return own
    readable = (_NOT_OF_AN_ID.sub("-", name).strip("-._")[:_LONGEST_ID] for name in (own, *names))
    made = next(name for name in (*readable, "variant") if name)
    numbered = (f"{made}-{number}" for number in count(2))
    return next(name for name in chain([made], numbered) if name not in taken)
