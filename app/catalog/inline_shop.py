"""A shop that comes with a request: held to the same rules as a catalog read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from app.catalog.feed import stock
from app.catalog.images import remote
from app.catalog.json_product import read_product
from app.catalog.json_shop import About, shop_of
from app.catalog.load import shop_name_of
from app.catalog.problems import InvalidProduct, Report
from app.domain.catalog import FeedIssue, Picture, Product, Shop


def read_inline_shop(
    shop_id: str, brand: Mapping[str, object], products: Iterable[Mapping[str, object]]
) -> tuple[Shop | None, tuple[FeedIssue, ...]]:
    """Return the shop, None where nothing of it can be sold, and what could not be, with reasons.

    A product's fields are those of the platform's contract: id, title, price, currency, image_url,
    category, tags, and available where it is not. A problem's line is the product's place in the
    list, from 1.
    """
    report = Report()
    about = About({"id": shop_id, "brand": dict(brand)}, report)
    shelf: list[Product] = []
    for place, sent in enumerate(products, 1):
        try:
            shelf.append(_product(sent))
        except InvalidProduct as error:
            report.add(place, str(error), str(sent.get("id", "")))
    if not shelf:
        return None, report.problems()
    shop = shop_of(about, shop_id, shop_name_of(shop_id))._replace(id=shop_id, inline=True)
    return stock(shop, shelf), report.problems()


def _product(sent: Mapping[str, object]) -> Product:
    item = read_product({**sent, "price": Decimal(str(sent["price"]))}, str(sent["currency"]))
    address = sent.get("image_url")
    picture = Picture(remote(str(address)), item.title) if address else None
    return item._replace(picture=picture)
