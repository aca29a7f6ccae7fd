"""One product of a JSON catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from app.catalog.feed import MOST_OPTIONS, MOST_TAGS, category_of, product_id
from app.catalog.images import LocalPictures, remote
from app.catalog.numbers import CURRENCY, price, quantity
from app.catalog.problems import InvalidProduct, shown
from app.catalog.text import LONGEST_DESCRIPTION, LONGEST_LINE, plain_all, shorten
from app.domain.catalog import Money, Picture, Product

_MOST_IN_STOCK = 1_000_000_000

Note = Callable[[str], object]
"""Takes what is wrong with a product that is sold all the same."""


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a product, each read as its kind; null is as good as absent.

    Every method raises InvalidProduct where the value is of another kind.
    """

    values: Mapping[str, object]
    note: Note = str

    def text(self, name: str, most: int = LONGEST_LINE) -> str:
        """Return plain text; empty where there is none."""
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise InvalidProduct(f"{name} must be text, not {shown(value)}")
        text, cut = shorten(value, most)
        if cut:
            self.note(f"sold with its {name} cut at {most} characters")
        return text

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """Return a list of plain texts, each once."""
        value = self.values.get(name)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise InvalidProduct(f"{name} must be a list of texts")
        return plain_all(value, most)

    def money(self, name: str, currency: str) -> Money | None:
        """Return an amount, if there is one."""
        value = self.values.get(name)
        return None if value is None else Money(price(value, name), currency)

    def flag(self, name: str) -> bool | None:
        """Return true or false, if either is given."""
        value = self.values.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise InvalidProduct(f"{name} must be true or false, not {shown(value)}")

    def count(self, name: str) -> int | None:
        """Return a whole number, if there is one; what is oversold counts as none left."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return quantity(value)
        if not isinstance(value, Decimal) or not _is_count(value):
            raise InvalidProduct(f"{name} must be a whole number, not {shown(value)}")
        return max(int(value), 0)


def read_product(value: object, currency: str, note: Note = str) -> Product:
    """Return the product, as yet without its picture.

    Raises:
        InvalidProduct: it cannot be sold as it is described.
    """
    if not isinstance(value, dict):
        raise InvalidProduct(f"a product must be an object, not {shown(value)}")
    fields = Fields(value, note)
    currency = fields.text("currency") or currency
    cost, before = fields.money("price", currency), fields.money("compare_at_price", currency)
    title, stock, available = fields.text("title"), fields.count("stock"), fields.flag("available")
    if not title:
        raise InvalidProduct("has no title")
    if cost is None:
        raise InvalidProduct("has no price")
    if not CURRENCY.fullmatch(currency):
        raise InvalidProduct(f"currency {shown(currency)!r} is not three capital letters")
    return Product(
        id=product_id(fields.text("id", LONGEST_LINE + 1)),
        title=title,
        price=cost,
        category=category_of(fields.text("category")),
        available=stock != 0 if available is None else available,
        description=fields.text("description", LONGEST_DESCRIPTION),
        compare_at=before if before and before.amount > cost.amount else None,
        stock=stock,
        vendor=fields.text("vendor"),
        tags=fields.texts("tags", MOST_TAGS),
        options=fields.texts("options", MOST_OPTIONS),
    )


def _is_count(value: Decimal) -> bool:
    """Whether it is whole and of a size to be counted; compared first, since int() is not cheap."""
    bounded = value.is_finite() and -_MOST_IN_STOCK <= value <= _MOST_IN_STOCK
    return bounded and value == value.to_integral_value()


def read_picture(value: object, title: str, local: LocalPictures) -> Picture | None:
    """Return the picture of a product, if it has one; its title is what it shows otherwise.

    Raises:
        InvalidProduct: it is none that may be shown; the product can be sold without.
    """
    fields = Fields(value if isinstance(value, dict) else {})
    address = fields.values.get("image")
    if address is None or address == "":
        return None
    if not isinstance(address, str):
        raise InvalidProduct(f"image must be text, not {shown(address)}")
    url = remote(address) if ":" in address or address.startswith("//") else local.url(address)
    return Picture(url, fields.text("image_alt") or title)
