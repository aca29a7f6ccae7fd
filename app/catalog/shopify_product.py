"""One product of a Shopify export, gathered from its rows."""

from __future__ import annotations

import string
from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from app.catalog.feed import MOST_TAGS, category_of, product_id
from app.catalog.images import remote
from app.catalog.numbers import flag, price, quantity
from app.catalog.problems import InvalidProduct, Report, shown
from app.catalog.rows import Row
from app.catalog.text import LONGEST_DESCRIPTION, LONGEST_LINE, plain, plain_all, shorten
from app.catalog.variants import MOST_VARIANTS, made_of, variant_id
from app.domain.catalog import Money, Picture, Product, Variant

_HIDDEN = {"draft", "archived", "unlisted"}
_NO_OPTION = "Default Title"
_OPTIONS = ("option1", "option2", "option3")


def read_product(rows: Sequence[Row], currency: str, report: Report) -> Product | None:
    """Return the product of these rows, or None where the merchant does not offer it.

    Raises:
        InvalidProduct: it cannot be sold.
    """
    first = rows[0]
    if not _offered(first):
        return None
    handle = product_id(first["handle"])
    tags = plain_all(first["tags"].split(","), MOST_TAGS)
    title = _text(first, "title", LONGEST_LINE, report)
    if not title:
        raise InvalidProduct("has no title")
    options = [name for name in _OPTIONS if any(_value(row, name) for row in rows)]
    variants = _variants(rows, options, currency, report)
    product = Product(
        id=handle,
        title=title,
        price=variants[0].price,
        category=_category(first, tags),
        available=False,
        description=_text(first, "description", LONGEST_DESCRIPTION, report),
        picture=_picture(rows, title, report),
        vendor=plain(first["vendor"]),
        tags=tags,
    )
    names = [plain(first[f"{option} name"]) for option in options]
    made = made_of(product, names, variants, partial(report.add, first.line, product=handle))
    (form, *others) = made.variants
    says_more = others or form.id != handle or form.backorder
    return made if says_more else made._replace(variants=())


def _offered(first: Row) -> bool:
    status, published = first["status"].lower(), first["published"]
    if status in _HIDDEN or (published and not flag(published, "published")):
        return False
    if status not in {"", "active"}:
        raise InvalidProduct(f"status {shown(status)!r} is none that Shopify knows")
    return True


def _variants(
    rows: Sequence[Row], options: Sequence[str], currency: str, report: Report
) -> list[Variant]:
    """Return what can be bought, at least one. Rows without a price may be there for a picture."""
    priced = [row for row in rows if row["price"]]
    variants: dict[str, Variant] = {}
    for row in priced[: MOST_VARIANTS + 1]:
        values = tuple(_value(row, option) for option in options)
        variant_name = variant_id(
            variants,
            plain(row["variant id"]),
            plain(row["sku"]),
            " ".join(values),
            plain(row["handle"]),
        )
        try:
            variants[variant_name] = _variant(row, variant_name, values, currency, report)
        except InvalidProduct as error:
            report.add(row.line, f"variant is not sold: {error}", row["handle"])
    if not variants:
        raise InvalidProduct("has no price that can be used" if priced else "has no price")
    for row in rows:
        if row["option1"] and not row["price"]:
            report.add(row.line, f"variant {shown(row['option1'])!r} has no price", row["handle"])
    return list(variants.values())


def _variant(
    row: Row, name: str, values: tuple[str, ...], currency: str, report: Report
) -> Variant:
    amount, before = price(row["price"], currency=currency), _compare_at(row, currency, report)
    stock, goes_on = _counted(row, report), _goes_on(row, report)
    return Variant(
        id=name,
        values=values,
        price=Money(amount, currency),
        available=goes_on or stock != 0,
        compare_at=Money(before, currency) if before and before > amount else None,
        stock=stock,
        picture=_variant_picture(row, report),
        backorder=goes_on,
    )


def _value(row: Row, option: str) -> str:
    value = plain(row[option])
    return "" if value == _NO_OPTION else value


def _variant_picture(row: Row, report: Report) -> Picture | None:
    if not row["variant image"]:
        return None
    try:
        return Picture(remote(row["variant image"]), "")
    except InvalidProduct as error:
        report.add(row.line, f"variant is shown without its picture: {error}", row["handle"])
        return None


def _compare_at(row: Row, currency: str, report: Report) -> Decimal | None:
    try:
        before = row["compare at"]
        return price(before, "compare-at price", currency) if before else None
    except InvalidProduct as error:
        report.add(row.line, f"sold without its compare-at price: {error}", row["handle"])
        return None


def _counted(row: Row, report: Report) -> int | None:
    """Return how many are left, or None where that is not tracked.

    In Shopify a variant whose tracker is blank is not tracked, and its quantity may be stale: it
    is not told to shoppers. A 0 is taken at its word all the same, since selling what is not there
    is the worse mistake; with the policy `continue` it sells on.
    """
    if not row["quantity"]:
        return None
    try:
        left = quantity(row["quantity"])
    except InvalidProduct as error:
        report.add(row.line, f"sold as if not tracked: {error}", row["handle"])
        return None
    untracked = row.has("tracker") and not row["tracker"]
    return None if untracked and left > 0 else left


def _goes_on(row: Row, report: Report) -> bool:
    """Whether it is sold when there is none left: a policy or, in the newer export, yes or no."""
    policy = row["when out of stock"].lower()
    if policy in {"", "deny", "continue"}:
        return policy == "continue"
    try:
        return flag(policy, "continue selling")
    except InvalidProduct as error:
        report.add(row.line, f"not sold beyond its stock: {error}", row["handle"])
        return False


def _text(first: Row, column: str, most: int, report: Report) -> str:
    text, cut = shorten(first[column], most)
    if cut:
        report.add(first.line, f"sold with its {column} cut at {most} characters", first["handle"])
    return text


def _category(first: Row, tags: tuple[str, ...]) -> str:
    narrowest = first["product category"].rpartition(">")[2]
    tagged = string.capwords(tags[0]) if tags else ""
    return category_of(plain(first["type"]), plain(narrowest), tagged)


def _picture(rows: Sequence[Row], title: str, report: Report) -> Picture | None:
    """Return the picture with the lowest position; one without stands where its row does."""
    found: list[tuple[int, Picture]] = []
    for place, row in enumerate((row for row in rows if row["image"]), 1):
        position = row["position"]
        try:
            picture = Picture(remote(row["image"]), plain(row["alt"]) or title)
            found.append((quantity(position) if position else place, picture))
        except InvalidProduct as error:
            report.add(row.line, f"sold without this picture: {error}", row["handle"])
    return min(found, key=lambda one: one[0])[1] if found else None
