"""What we sell: products, their prices and pictures, and the shops they are sold in."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sized, ValuesView
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar, cast

from app.domain.merchandising import Rule

T = TypeVar("T")

_MOST_DERIVED = 1_000
_SHORTEST_STORY = 80

SHOPIFY, TEMPLATE, DEMO = "shopify", "template", "demo"
"""Kinds of checkout."""


class Money(NamedTuple):
    """An amount in major units (12.50) of an ISO 4217 currency (EUR)."""

    amount: Decimal
    currency: str


class Picture(NamedTuple):
    """A product's picture: where the browser finds it, what it shows, its pixels (0: not known).

    `copies` are the addresses of smaller ones, each after its width, the narrowest first.
    """

    url: str
    alt: str
    width: int = 0
    height: int = 0
    copies: tuple[tuple[int, str], ...] = ()


class Variant(NamedTuple):
    """One form of a product that can be bought. `id` is its own among those of the product.

    `values` has one for each of the product's `option_names`: ("Small", "Sage"). A picture of None
    is the product's. With `backorder` it is sold beyond its stock.
    """

    id: str
    values: tuple[str, ...]
    price: Money
    available: bool
    compare_at: Money | None = None
    stock: int | None = None
    picture: Picture | None = None
    backorder: bool = False

    @property
    def label(self) -> str:
        """What tells it from the others in words."""
        return " / ".join(value for value in self.values if value)

    @property
    def is_on_order(self) -> bool:
        """Whether it can be bought although there is none."""
        return self.backorder and self.stock == 0


class _ProductFields(NamedTuple):
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
    condition: str = ""


class Product(_ProductFields):
    """One thing we sell, as the catalog states it. Text fields are plain text, never HTML.

    `price` is that of its cheapest variant that can be had, `varies` says that others cost
    something else, `compare_at` is what it did cost, always more, and `stock` is the sum over
    variants, None where the feed does not track it.
    `options` are all values of its options, as texts. `condition` is `Used` or `Refurbished`, as
    schema.org has it, empty where it is new or nobody says.
    The description may be one that is read from the disk each time it is asked for.
    """

    __slots__ = ()

    @property
    def description(self) -> str:
        """What the catalog says of it."""
        return str(self.kept_description)

    @property
    def kept_description(self) -> Sized:
        """The description, or where it is kept: what has it as its text, its length and `==`."""
        return cast("Sized", self[_DESCRIPTION])

    @property
    def is_told(self) -> bool:
        """Whether the catalog says enough of it to be read for its own sake."""
        return len(self.kept_description) >= _SHORTEST_STORY

    def forms(self) -> tuple[Variant, ...]:
        """Return what can be bought: the variants, or the product itself, by its own id."""
        return self.variants or (
            Variant(
                self.id, (), self.price, self.available, self.compare_at, self.stock, self.picture
            ),
        )

    def form(self, variant_id: str) -> Variant | None:
        """Return the variant of this id, None where there is none."""
        return next((form for form in self.forms() if form.id == variant_id), None)

    def first_form(self) -> Variant:
        """Return the variant that is shown where none is named: the first that can be had."""
        forms = self.forms()
        return next((form for form in forms if form.available), forms[0])

    def sold_as(self, variant: Variant) -> "Product":
        """Return the product with the price, stock and picture of one of its variants."""
        return self._replace(
            price=variant.price,
            compare_at=variant.compare_at,
            available=variant.available,
            stock=variant.stock,
            picture=variant.picture or self.picture,
            varies=False,
        )


_DESCRIPTION = Product._fields.index("description")


class Goods(Mapping[str, Product]):
    """The products of a shop by id, in the catalog's order, which never change.

    What takes a look at all of them is therefore made once, and kept beside them; some of it may
    have been made before.
    """

    def __init__(
        self,
        products: Mapping[str, Product],
        derived: Iterable[tuple[Hashable, Any]] = (),
    ) -> None:
        self._products = dict(products)
        self._derived: dict[Hashable, Any] = dict(derived)

    def __getitem__(self, name: str) -> Product:
        return self._products[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._products)

    def __len__(self) -> int:
        return len(self._products)

    def values(self) -> ValuesView[Product]:
        """Return the products."""
        return self._products.values()

    def derived(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what is made of them, which `name` tells from all else that is."""
        derived = self._derived  # which another thread may replace meanwhile
        if name not in derived:
            if len(derived) >= _MOST_DERIVED:
                derived = self._derived = {}
            derived[name] = make()
        found: T = derived[name]
        return found

    def all_derived(self) -> Mapping[Hashable, Any]:
        """Return all that has been made of them so far."""
        return self._derived


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


class Checkout(NamedTuple):
    """Where a basket is bought: `shopify`, `template` or `demo`.

    `address` is what Shopify's permalinks begin with (https://HOST/cart), or a template: an https
    address with {items}, {ids}, {quantities}, {page} and {slots} in it.
    """

    kind: str
    address: str = ""

    def knows(self, variant: Variant) -> bool:
        """Say whether a variant can be named to it: Shopify knows variants by numbers alone."""
        is_number = variant.id.isascii() and variant.id.isdecimal()
        return is_number or self.kind != SHOPIFY


NONE, ESSENTIAL, PERSONALISE = "none", "essential", "personalise"


class Consent(NamedTuple):
    """What may be kept of a shopper who has not agreed to more.

    `none`: not even a cookie. `essential`: the cookies of their visit and basket. `personalise`:
    all. They have agreed once a `cookie` of the merchant's banner holds the text `agreed`.
    """

    level: str = PERSONALISE
    cookie: str = ""
    agreed: str = ""


class Steering(NamedTuple):
    """What the rules that hold for one kind of persona come down to.

    `pins` has the products that lead in a slot, `share` how much of a list one category may have.
    `shares` has products by id, with how much of a list is theirs: together all of it at most.
    """

    pins: Mapping[str, tuple[str, ...]]
    boosted: frozenset[str]
    buried: frozenset[str]
    share: float = 1.0
    shares: tuple[tuple[Mapping[str, Product], float], ...] = ()


class Shop(NamedTuple):
    """One catalog and the brand it is sold under. Products keep the catalog's order.

    `locale` is the BCP 47 tag of the language that it is written in. `rules` are the merchant's,
    `steering` what those that hold come down to for one kind of persona: then `products` are
    without what is excluded. `inline` says that it came with a request, and is no shop of ours.
    Without a `checkout` nothing is offered to be bought. `image_service` is the address at which
    pictures are had in any width, with {width} and {url} or {encoded} in it. Shops that name the
    same `store` are one store in several languages, with the same ids and tags; `tag_names` are
    what tags are called in this one, where it is not what they are.
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
    inline: bool = False
    checkout: Checkout | None = None
    image_service: str = ""
    store: str = ""
    consent: Consent = Consent()
    tag_names: Mapping[str, str] = MappingProxyType({})

    @property
    def basket_id(self) -> str:
        """Return what a shopper's basket is of: the store, in whichever of its languages."""
        return self.store or self.id

    def sells(self, variant: Variant) -> bool:
        """Say whether a variant can be bought here now."""
        return self.checkout is not None and variant.available and self.checkout.knows(variant)

    def categories(self) -> tuple[str, ...]:
        """Return the categories that have products, in the catalog's order."""
        return tuple(self.shelves())

    def stocked(self) -> frozenset[str]:
        """Return the categories that have something in stock."""
        items = self.products.values()
        return self.derived(
            "stocked", lambda: frozenset(item.category for item in items if item.available)
        )

    def shelves(self) -> Mapping[str, tuple[Product, ...]]:
        """Return the products of each category, both in the catalog's order."""
        return self.derived("shelves", self._shelves)

    def everything(self) -> tuple[Product, ...]:
        """Return all products in the catalog's order."""
        return self.derived("everything", lambda: tuple(self.products.values()))

    def currency(self) -> str:
        """Return what most of its prices are in: others cannot be added to them or compared."""
        return self.derived("currency", lambda: _most_used(self.products.values()))

    def derived(self, name: Hashable, make: Callable[[], T]) -> T:
        """Return what is made of all products, once for those of a catalog."""
        goods = self.products
        return goods.derived(name, make) if isinstance(goods, Goods) else make()

    def _shelves(self) -> Mapping[str, tuple[Product, ...]]:
        shelves: dict[str, list[Product]] = {}
        for item in self.products.values():
            shelves.setdefault(item.category, []).append(item)
        return {category: tuple(items) for category, items in shelves.items()}


def _most_used(products: Iterable[Product]) -> str:
    counted = Counter(item.price.currency for item in products)
    return max(counted, key=counted.__getitem__, default="")


class FeedIssue(NamedTuple):
    """A row of a feed that could not be sold, and why. Lines count from 1; 0 is the whole file.

    `file` is the name of another file than the feed, where the line is in that.
    """

    line: int
    reason: str
    product: str = ""
    file: str = ""

    def within(self, file: str) -> str:
        """Return the file with the line, if the problem is of one."""
        return f"{file}, line {self.line}" if self.line else file
