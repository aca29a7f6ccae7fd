"""One product of a Google Merchant feed: an item, or the items of one group as its variants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import takewhile
from time import time

from app.catalog.feed import category_of, product_id
from app.catalog.numbers import CURRENCY, price, quantity
from app.catalog.problems import InvalidProduct, Report, shown
from app.catalog.rows import Row
from app.catalog.text import LONGEST_DESCRIPTION, plain
from app.catalog.variants import MOST_VARIANTS, made_of, variant_id
from app.domain.catalog import Money, Product, Variant

_AHEAD = ("preorder", "backorder", "presale", "madetoorder")
"""What may be ordered although there is none."""

_AVAILABLE = {
    **dict.fromkeys(("", "instock", "available", *_AHEAD), True),
    **dict.fromkeys(("limitedavailability", "onlineonly"), True),
    **dict.fromkeys(("outofstock", "soldout", "discontinued", "unavailable"), False),
}
"""By its letters, as Google has it or as schema.org does, perhaps at the end of an address."""

_CONDITIONS = {"": "", "new": "", "used": "Used", "refurbished": "Refurbished"}
_OPTIONS = ("color", "size", "material", "pattern")
_PEOPLE = ("gender", "age group")
"""Whom something is made for: an option where a group has it for several."""

_APART = re.compile(r"^[\s,;:/|(\[·–—-]+|[\s,;:/|(\[·–—-]+$")  # noqa: RUF001 - dashes
_SHORTEST_TITLE = 3
_NO_PICTURE = "sold without a picture"
_AMOUNT = re.compile(r"(?:([A-Za-z]{3})\s*)?([^A-Za-z]+?)(?:\s*([A-Za-z]{3}))?")


def read_product(rows: Sequence[Row], currency: str) -> Product:
    """Return the product of an item, or of the items of a group: `currency` where none is named.

    Raises:
        InvalidProduct: it cannot be sold.
    """
    first, titles = rows[0], [plain(row["title"]) for row in rows]
    title = _shared(titles) or first.text("title")
    if not title:
        raise InvalidProduct("has no title")
    options, values = _values(rows, titles, title) if first["group"] else ([], [()])
    variants = _variants(rows, values, currency)
    product = Product(
        id=product_id(variant_id((), plain(first["group"] or first["id"]))),
        title=title,
        price=variants[0].price,
        category=_category(first),
        available=False,
        description=first.text("description", LONGEST_DESCRIPTION),
        picture=first.picture("image", title, _NO_PICTURE),
        vendor=plain(first["brand"]),
        condition=_condition(first),
    )
    note = partial(first.report.add, first.line, product=first["group"])
    return made_of(product, options, variants, note)


def _shared(titles: Sequence[str]) -> str:
    """Return what titles of a group have in common: "Tee - Red, S" and "Tee - Blue, S" are a Tee.

    Empty where they are the same, or share too little for a name.
    """
    signs = takewhile(lambda each: len(set(each)) == 1, zip(*titles, strict=False))
    shared, longest = "".join(each[0] for each in signs), max(titles, key=len)
    if shared == longest:
        return ""
    if re.match(r"\w\w", longest[len(shared) - 1 :]):  # within a word
        shared = re.sub(r"\w+$", "", shared)
    shared = _APART.sub("", shared)
    return shared if len(shared) >= _SHORTEST_TITLE else ""


def _values(
    rows: Sequence[Row], titles: Sequence[str], title: str
) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return the names of the options in a group, and each item's values of them.

    Where those do not tell items apart, the rest of their titles does, or their ids.
    """
    options = [name for name in _OPTIONS if any(row[name] for row in rows)]
    options += [name for name in _PEOPLE if len({row[name] for row in rows}) > 1]
    values = [tuple(plain(row[option]) for option in options) for row in rows]
    names, ids = [option.capitalize() for option in options], [plain(row["id"]) for row in rows]
    if len(set(values)) == len(set(ids)):
        return names, values
    rests = [_APART.sub("", text.removeprefix(title)) for text in titles]
    apart = rests if all(rests) and len(set(rests)) == len(set(ids)) else ids
    return [*names, ""], [(*each, rest) for each, rest in zip(values, apart, strict=True)]


def _variants(
    rows: Sequence[Row], values: Sequence[tuple[str, ...]], currency: str
) -> list[Variant]:
    variants: dict[str, Variant] = {}
    for row, own in zip(rows[: MOST_VARIANTS + 1], values, strict=False):
        name = variant_id((), own=plain(row["id"]))
        if name in variants:
            row.note("variant is not sold: another has this id")
            continue
        try:
            made = _variant(row, rows[0], name, values=own, currency=currency)
        except InvalidProduct as error:
            if len(rows) == 1:
                raise
            row.note(f"variant is not sold: {error}")
            continue
        named, others = (
            each.price.currency for each in (made, next(iter(variants.values()), made))
        )
        if named == others:
            variants[name] = made
        else:
            row.note(f"variant is not sold: is priced in {named}, and others in {others}")
    if not variants:
        raise InvalidProduct("has no variant that can be sold")
    return list(variants.values())


def _variant(row: Row, first: Row, name: str, *, values: tuple[str, ...], currency: str) -> Variant:
    if _condition(row) != _condition(first):
        raise InvalidProduct("the first is not as used")
    if not row["price"]:
        raise InvalidProduct("has no price")
    if row["subscription"]:
        raise InvalidProduct("is paid by subscription, which is not sold here")
    if row["expires"] and not _is_ahead(row["expires"], "expiration date", row.report):
        raise InvalidProduct(f"expired on {shown(row['expires'])}")
    usual = _money(row["price"], "price", currency)
    reduced = _money(row["sale price"], "sale price", currency) if row["sale price"] else None
    if reduced is not None and not reduced.amount:  # how many exports say that there is none
        row.note("sold without its sale price of 0")
        reduced = None
    on_sale = reduced is not None and reduced.amount < usual.amount and _is_now(row)
    word = re.sub(r"[\s_-]", "", row["availability"].rpartition("/")[2].lower())
    if word not in _AVAILABLE:
        raise InvalidProduct(
            f"availability {shown(row['availability'])!r} is none that Google knows"
        )
    if reduced is not None and reduced.currency != usual.currency:
        raise InvalidProduct(f"price is in {usual.currency}, and sale price in {reduced.currency}")
    stock = quantity(row["quantity"]) if row["quantity"] else None
    stock = 0 if word in _AHEAD else stock
    return Variant(
        id=name,
        values=values,
        price=reduced if reduced is not None and on_sale else usual,
        available=_AVAILABLE[word] and (stock != 0 or word in _AHEAD),
        compare_at=usual if on_sale else None,
        stock=stock,
        picture=row.picture("image", "", _NO_PICTURE) if row["image"] != first["image"] else None,
        backorder=word in _AHEAD,
    )


def _money(text: str, name: str, currency: str) -> Money:
    """Return an amount as `15.00 USD`, `USD 15.00` or in the shop's currency."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidProduct(f"{name} {shown(text)!r} is not a number")
    named = (match[1] or match[3] or currency).upper()
    if not CURRENCY.fullmatch(named):
        raise InvalidProduct(f"{name} {shown(text)!r} has no currency")
    return Money(price(match[2], name, named), named)


def _is_now(row: Row) -> bool:
    """Say whether a sale is on, `BEGIN/END`; without dates it is.

    Raises:
        InvalidProduct: they are no dates.
    """
    if not row["sale dates"]:
        return True
    begin, _, end = row["sale dates"].partition("/")
    ahead = [_is_ahead(each, "sale date", row.report) for each in (begin, end)]
    return ahead == [False, True]


def _is_ahead(text: str, name: str, report: Report) -> bool:
    """Say whether a moment, in ISO 8601, is yet to come. Note when it will have.

    Raises:
        InvalidProduct: it is no date.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidProduct(f"{name} {shown(text)!r} is not in ISO 8601") from None
    seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    is_ahead = seconds > time()
    report.until = min(report.until, seconds) if is_ahead else report.until
    return is_ahead


def _condition(row: Row) -> str:
    """Return what a product is where it is not new.

    Raises:
        InvalidProduct: it is what Google does not know.
    """
    word = row["condition"].rpartition("/")[2].lower().removesuffix("condition")
    if word not in _CONDITIONS:
        raise InvalidProduct(f"condition {shown(row['condition'])!r} is none that Google knows")
    return _CONDITIONS[word]


def _category(row: Row) -> str:
    """Return the narrowest of the merchant's own categories, else of Google's unless a number."""
    own, theirs = (row[name].rpartition(">")[2].strip() for name in ("type", "google category"))
    return category_of(plain(own), "" if theirs.isdecimal() else plain(theirs))
