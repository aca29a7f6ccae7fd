"""One product of a JSON catalog."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from decimal import Decimal
from functools import partial

from app.catalog.feed import MOST_TAGS, category_of, product_id
from app.catalog.images import LocalPictures, remote
from app.catalog.numbers import CURRENCY, price, quantity
from app.catalog.problems import InvalidProduct, Note, attempt, shown
from app.catalog.text import LONGEST_DESCRIPTION, LONGEST_LINE, plain, plain_all, shorten
from app.catalog.variants import MOST_OPTIONS, MOST_VARIANTS, made_of, variant_id
from app.domain.catalog import Money, Picture, Product, Variant

_MOST_IN_STOCK = 1_000_000_000
_MOST_OPTION_NAMES = 3


class Fields:
    """The fields of a product, each read as its kind; null is as good as absent.

    Every method raises InvalidProduct where the value is of another kind. Without `local` nothing
    has a picture.
    """

    def __init__(
        self, values: Mapping[str, object], note: Note = str, local: LocalPictures | None = None
    ) -> None:
        self.values = values
        self.note = note
        self.local = local

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
        return None if value is None else Money(price(value, name, currency), currency)

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

    def picture(self, alt: str) -> Picture | None:
        """Return the picture, if there is one that may be shown; `alt` is for one without words."""
        return attempt(partial(self._picture, alt), self.note, "sold without a picture")

    def _picture(self, alt: str) -> Picture | None:
        address = self.values.get("image")
        if self.local is None or address is None or address == "":
            return None
        if not isinstance(address, str):
            raise InvalidProduct(f"image must be text, not {shown(address)}")
        is_remote = ":" in address or address.startswith("//")
        url = remote(address) if is_remote else self.local.url(address)
        width, height = self.count("image_width"), self.count("image_height")
        picture = Picture(url, self.text("image_alt") or alt, width or 0, height or 0)
        return self.local.sized(picture)


def read_product(
    value: object, currency: str, note: Note = str, local: LocalPictures | None = None
) -> Product:
    """Return the product; its pictures only where it is told where local ones are.

    Raises:
        InvalidProduct: it cannot be sold as it is described.
    """
    if not isinstance(value, dict):
        raise InvalidProduct(f"a product must be an object, not {shown(value)}")
    fields = Fields(value, note, local)
    currency = fields.text("currency").upper() or currency
    cost, before = fields.money("price", currency), fields.money("compare_at_price", currency)
    title, stock, available = fields.text("title"), fields.count("stock"), fields.flag("available")
    if not title:
        raise InvalidProduct("has no title")
    if not CURRENCY.fullmatch(currency):
        raise InvalidProduct(f"currency {shown(currency)!r} is not three capital letters")
    names, variants = _variants(fields, currency)
    if variants:
        cost = variants[0].price
    if cost is None:
        raise InvalidProduct("has no price")
    product = Product(
        id=product_id(fields.text("id", LONGEST_LINE + 1)),
        title=title,
        price=cost,
        category=category_of(fields.text("category")),
        available=stock != 0 if available is None else available,
        description=fields.text("description", LONGEST_DESCRIPTION),
        picture=fields.picture(title),
        compare_at=before if before and before.amount > cost.amount else None,
        stock=stock,
        vendor=fields.text("vendor"),
        tags=fields.texts("tags", MOST_TAGS),
        options=fields.texts("options", MOST_OPTIONS),
    )
    if available is False:
        variants = [form._replace(available=False) for form in variants]
    return made_of(product, names, variants, note) if variants else product


def _variants(fields: Fields, currency: str) -> tuple[Sequence[str], Sequence[Variant]]:
    """Return the names of the options, and what can be bought; none where none are listed.

    One that cannot be sold costs only itself, and one without a price has the product's.
    """
    given = fields.values.get("variants")
    if given is None or given == []:
        return (), ()
    if not isinstance(given, list):
        raise InvalidProduct(f"variants must be a list of objects, not {shown(given)}")
    variants: dict[str, Variant] = {}
    names: Sequence[str] = ()
    for place, value in enumerate(given[: MOST_VARIANTS + 1], 1):
        try:
            options = _options_of(value, names if variants else None)
            values = tuple(options[name] for name in names or options)
            own = Fields(value, fields.note, fields.local)
            variant = _variant(own, fields, values, currency, variants)
        except InvalidProduct as error:
            fields.note(f"variant {place} is not sold: {error}")
        else:
            names = names or tuple(options)
            variants[variant.id] = variant
    if not variants:
        raise InvalidProduct("has no variant that can be sold")
    return names, tuple(variants.values())


def _options_of(value: object, names: Sequence[str] | None) -> Mapping[str, str]:
    """Return what sets a variant apart: name -> value, the names those of the variants before."""
    if not isinstance(value, dict):
        raise InvalidProduct(f"must be an object, not {shown(value)}")
    given = value.get("options") or {}
    if not isinstance(given, dict) or len(given) > _MOST_OPTION_NAMES:
        raise InvalidProduct(f"options must be an object of at most {_MOST_OPTION_NAMES} values")
    options = {plain(str(name)): Fields(given).text(name) for name in given}
    if not all(options) or not all(options.values()):
        raise InvalidProduct("an option says nothing")
    if names is not None and options.keys() != set(names):
        raise InvalidProduct(f"its options are not {', '.join(names) or 'none'}")
    return options


def _variant(
    fields: Fields, product: Fields, values: tuple[str, ...], currency: str, taken: Container[str]
) -> Variant:
    priced = product if fields.values.get("price") is None else fields
    cost, before = priced.money("price", currency), priced.money("compare_at_price", currency)
    name, stock, available = fields.text("id"), fields.count("stock"), fields.flag("available")
    if cost is None:
        raise InvalidProduct("has no price")
    own = variant_id((), " ".join(values), own=name)
    if own in taken:
        raise InvalidProduct(f"another has the id {own!r}")
    return Variant(
        id=own,
        values=values,
        price=cost,
        available=stock != 0 if available is None else available,
        compare_at=before if before and before.amount > cost.amount else None,
        stock=stock,
        picture=fields.picture(""),
    )


def _is_count(value: Decimal) -> bool:
    """Say whether it is a whole number of a sane size; compared first, as int() is slow."""
    bounded = value.is_finite() and -_MOST_IN_STOCK <= value <= _MOST_IN_STOCK
    return bounded and value == value.to_integral_value()
