"""What we sell: products, their prices and pictures, and the shops they are sold in."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from app.domain.merchandising import Rule, Steering


class Money(NamedTuple):
    """An amount in major units (12.50) of an ISO 4217 currency (EUR)."""

    amount: Decimal
    currency: str


class Picture(NamedTuple):
    """A product's picture: where the browser finds it, and what it shows."""

    url: str
    alt: str


class Variant(NamedTuple):
    """One form of a product that can be bought. `id` is its own among those of the product.

    `values` has one for each of the product's `option_names`: ("Small", "Sage"). A picture of None
    is the product's.
    """

    id: str
    values: tuple[str, ...]
    price: Money
    available: bool
    compare_at: Money | None = None
    stock: int | None = None
    picture: Picture | None = None

    @property
    def label(self) -> str:
        """What tells it from the others in words."""
        return " / ".join(value for value in self.values if value)


class Product(NamedTuple):
    """One thing we sell, as the catalog states it. Text fields are plain text, never HTML.

    `price` is that of its cheapest variant that can be had, `varies` says that others cost
    something else, and `stock` is the sum over variants, None where the feed does not track it.
    `options` are all values of its options, as texts.
    """

    id: str
    title: str
    price: Money
    category: str
    available: bool
    description: str = ""
    picture: Picture | None = None
    compare_at: Money | None = None
    varies: bool = False
    stock: int | None = None
    vendor: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    option_names: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    def forms(self) -> tuple[Variant, ...]:
        """Return what can be bought: the variants, or the product itself, by its own id."""
        alone = Variant(
            self.id, (), self.price, self.available, self.compare_at, self.stock, self.picture
        )
        return self.variants or (alone,)

    def form(self, variant_id: str) -> Variant | None:
        """Return the variant of this id, None where there is none."""
        return next((form for form in self.forms() if form.id == variant_id), None)

    def first_form(self) -> Variant:
        """Return the variant that is shown where none is named: the first that can be had."""
        forms = self.forms()
        return next((form for form in forms if form.available), forms[0])

    def sold_as(self, variant: Variant) -> Product:
        """Return the product with the price, stock and picture of one of its variants."""
        return self._replace(
            price=variant.price,
            compare_at=variant.compare_at,
            available=variant.available,
            stock=variant.stock,
            picture=variant.picture or self.picture,
            varies=False,
        )


class Brand(NamedTuple):
    """How a shop looks and speaks. Colours are #rrggbb; tone is a phrase for the model.

    No copy may hold `banned_words`; `allowed_claims` are vouched for by the merchant.
    """

    primary_color: str = "#1f4d3a"
    secondary_color: str = "#c8553d"
    font_family: str = ""
    tone: str = "warm, plain and precise"
    banned_words: tuple[str, ...] = ()
    allowed_claims: tuple[str, ...] = ()


class Shop(NamedTuple):
    """One catalog and the brand it is sold under. Products keep the catalog's order.

    `locale` is the BCP 47 tag of the language that it is written in. `rules` are the merchant's,
    `steering` what those that hold come down to for one kind of persona: then `products` are
    without what is excluded.
    """

    id: str
    name: str
    tagline: str
    products: Mapping[str, Product]
    brand: Brand = Brand()
    digest: str = ""
    locale: str = "en"
    rules: tuple[Rule, ...] = ()
    steering: Steering | None = None

    def categories(self) -> tuple[str, ...]:
        """The categories that have products, in the catalog's order."""
        return tuple(dict.fromkeys(item.category for item in self.products.values()))

    def stocked(self) -> frozenset[str]:
        """The categories that have something in stock."""
        return frozenset(item.category for item in self.products.values() if item.available)


class FeedIssue(NamedTuple):
    """A row of a feed that could not be sold, and why. Lines count from 1.

    `file` is the name of another file than the feed, where the line is in that.
    """

    line: int
    reason: str
    product: str = ""
    file: str = ""
