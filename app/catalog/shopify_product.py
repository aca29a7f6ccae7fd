"""One product of a Shopify export, gathered from its rows."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import partial

from app.catalog.feed import MOST_TAGS, category_of, product_id
from app.catalog.images import remote
from app.catalog.numbers import flag, price, quantity
from app.catalog.problems import InvalidProduct, attempt, shown
from app.catalog.rows import APART, Row
from app.catalog.text import LONGEST_DESCRIPTION, plain, plain_all
from app.catalog.variants import MOST_VARIANTS, made_of, variant_id
from app.domain.catalog import Money, Picture, Product, Variant

_HIDDEN = {"draft", "archived", "unlisted"}
_NO_OPTION = "Default Title"
_OPTIONS = ("option1", "option2", "option3")


def read_product(rows: Sequence[Row], currency: str) -> Product | None:
    """Return the product of these rows, or None where the merchant does not offer it.

    Raises:
        InvalidProduct: it cannot be sold.
    """
    first = rows[0]
    if not _offered(first):
        return None
    tags = plain_all(first["tags"].split(","), MOST_TAGS)
    title = first.text("title")
    if not title:
        raise InvalidProduct("has no title")
    options = [name for name in _OPTIONS if any(_value(row, name) for row in rows)]
    variants = _variants(rows, options, currency)
    product = Product(
        id=product_id(first["id"]),
        title=title,
        price=variants[0].price,
        category=_category(first, tags),
        available=False,
        description=first.text("description", LONGEST_DESCRIPTION),
        picture=_picture(rows, title),
        vendor=plain(first["vendor"]),
        tags=tags,
    )
    names = [plain(first[f"{option} name"]) for option in options]
    return made_of(product, names, variants, first.note)


def _offered(first: Row) -> bool:
    status, published = first["status"].lower(), first["published"]
    if status in _HIDDEN or (published and not flag(published, "published")):
        return False
    if status not in {"", "active"}:
        raise InvalidProduct(f"status {shown(status)!r} is none that Shopify knows")
    return True


def _variants(rows: Sequence[Row], options: Sequence[str], currency: str) -> list[Variant]:
    """Return what can be bought, at least one. Rows without a price may be there for a picture."""
    priced = [row for row in rows if row["price"]]
    variants: dict[str, Variant] = {}
    for row in priced[: MOST_VARIANTS + 1]:
        values = tuple(_value(row, option) for option in options)
        if any(values) and values in (variant.values for variant in variants.values()):
            row.note(f"variant is not sold: another is {shown(' / '.join(values))!r} too")
            continue
        own = plain(row["variant id"] or row["sku"])
        name = variant_id(variants, " ".join(values), plain(row["id"]), own=own)
        read = partial(_variant, row, name, values, currency)
        if variant := attempt(read, row.note, "variant is not sold"):
            variants[name] = variant
    if not variants:
        raise InvalidProduct("has no price that can be used" if priced else "has no price")
    for row in rows:
        if row["option1"] and not row["price"]:
            row.note(f"variant {shown(row['option1'])!r} has no price")
    return list(variants.values())


def _variant(row: Row, name: str, values: tuple[str, ...], currency: str) -> Variant:
    amount = price(row["price"], currency=currency)
    before = None
    if row["compare at"]:
        read = partial(price, row["compare at"], "compare-at price", currency)
        before = attempt(read, row.note, "sold without its compare-at price")
    stock, goes_on = _counted(row), _goes_on(row)
    return Variant(
        id=name,
        values=values,
        price=Money(amount, currency),
        available=goes_on or stock != 0,
        compare_at=Money(before, currency) if before and before > amount else None,
        stock=stock,
        picture=row.picture("variant image", "", "variant is shown without its picture"),
        backorder=goes_on,
    )


def _value(row: Row, option: str) -> str:
    value = plain(row[option])
    return "" if value == _NO_OPTION else value


def _counted(row: Row) -> int | None:
    """Return how many are left, or None where that is not tracked.

    In Shopify a variant whose tracker is blank is not tracked, and its quantity may be stale: it
    is not told to shoppers. A 0 is taken at its word all the same, since selling what is not there
    is the worse mistake; with the policy `continue` it sells on.
    """
    given = row["quantity"] or row["quantities"]
    if not given:
        return None
    read = lambda: sum(map(quantity, given.split(APART)))  # noqa: E731
    left = attempt(read, row.note, "sold as if not tracked")
    return left if left == 0 or row.cells.get("tracker") != "" else None


def _goes_on(row: Row) -> bool:
    """Say whether it is sold at no stock: by a policy or, in the newer export, yes or no."""
    policy = row["when out of stock"].lower()
    if policy in {"", "deny", "continue"}:
        return policy == "continue"
    read = partial(flag, policy, "continue selling")
    return attempt(read, row.note, "not sold beyond its stock") or False


def _category(first: Row, tags: tuple[str, ...]) -> str:
    narrowest = first["product category"].rpartition(">")[2]
    tagged = string.capwords(tags[0]) if tags else ""
    return category_of(plain(first["type"]), plain(narrowest), tagged)


def _picture(rows: Sequence[Row], title: str) -> Picture | None:
    """Return the picture with the lowest position; one without stands where its row does."""

    def read(row: Row, place: int) -> tuple[int, Picture]:
        picture = Picture(remote(row["image"]), plain(row["alt"]) or title)
        return quantity(row["position"]) if row["position"] else place, picture

    found = (
        attempt(partial(read, row, place), row.note, "sold without this picture")
        for place, row in enumerate((row for row in rows if row["image"]), 1)
    )
    return min(filter(None, found), key=lambda one: one[0], default=(0, None))[1]
