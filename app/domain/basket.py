"""A basket: the lines a shopper means to buy, checked against the catalog as it is now."""

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from app.domain.catalog import Money, Product, Shop, Variant

MAX_LINES = 20
MAX_QUANTITY = 20
"""Of one variant."""

_SEEN_DIGITS = 16


class BasketLine(NamedTuple):
    """So many of a variant, by its product's id and its own, at the price it was put in at.

    `slot` and `page` say where it was shown then, and on which composed page, as far as it was.
    """

    product: str
    variant: str
    quantity: int
    price: Money
    slot: str = ""
    page: str = ""


Basket = tuple[BasketLine, ...]


class BasketItem(NamedTuple):
    """A line as the catalog has it now.

    `quantity` is how many can be bought, `problem` why that is less than the line says: `gone`,
    `variant_gone`, `sold_out`, `not_online` or `fewer`; empty where there is none.
    """

    line: BasketLine
    product: Product | None = None
    variant: Variant | None = None
    quantity: int = 0
    problem: str = ""

    @property
    def cost(self) -> Money:
        """What all of it costs now."""
        price = self.variant.price if self.variant else self.line.price
        return price._replace(amount=price.amount * self.quantity)

    @property
    def is_repriced(self) -> bool:
        """Whether it costs something else than when it was put in."""
        return self.variant is not None and self.variant.price != self.line.price


def origins(basket: Basket) -> dict[str, str]:
    """Return for products where they were shown: `page/slot`, as far as that is known."""
    return {line.product: f"{line.page}/{line.slot}" for line in reversed(basket) if line.page}


def unplaced(basket: Basket) -> Basket:
    """Return the basket without where anything was shown."""
    return tuple(line._replace(slot="", page="") for line in basket)


def put(basket: Basket, line: BasketLine) -> Basket:
    """Return the basket with a line added: to the one of its variant, where there is one.

    Quantities and lines beyond the bounds are left out.
    """
    same = next((item for item in basket if item[:2] == line[:2]), None)
    if same is None:
        return (*basket, line._replace(quantity=min(line.quantity, MAX_QUANTITY)))[:MAX_LINES]
    merged = same._replace(
        quantity=min(same.quantity + line.quantity, MAX_QUANTITY), price=line.price
    )
    return tuple(merged if item is same else item for item in basket)


def change(basket: Basket, line: BasketLine, quantity: int, price: Money) -> Basket:
    """Return the basket with so many of a line of it, at a price that is known now; 0 is out."""
    changed = line._replace(quantity=min(quantity, MAX_QUANTITY), price=price)
    lines = (changed if item is line else item for item in basket)
    return tuple(item for item in lines if item.quantity)


def check(basket: Basket, shop: Shop) -> tuple[BasketItem, ...]:
    """Return what has become of each line."""
    return tuple(_checked(line, shop) for line in basket)


def totals(items: Iterable[BasketItem]) -> tuple[Money, ...]:
    """Return what can be bought of a basket costs, in each currency that occurs."""
    sums: dict[str, Money] = {}
    for item in items:
        if item.quantity:
            cost = item.cost
            before = sums.get(cost.currency, cost._replace(amount=0 * cost.amount))
            sums[cost.currency] = cost._replace(amount=before.amount + cost.amount)
    return tuple(sums.values())


def seen(items: Iterable[BasketItem]) -> str:
    """Return a digest of what is to be bought at which prices, to tell whether that has changed."""
    bought = [(item.line[:2], item.quantity, str(item.cost)) for item in items if item.quantity]
    return sha256(repr(bought).encode()).hexdigest()[:_SEEN_DIGITS]


def _checked(line: BasketLine, shop: Shop) -> BasketItem:
    product = shop.products.get(line.product)
    if product is None:
        return BasketItem(line, problem="gone")
    variant = product.form(line.variant)
    if variant is None:
        return BasketItem(line, product, problem="variant_gone")
    product = product.sold_as(variant)
    if not shop.sells(variant):
        problem = "not_online" if variant.available else "sold_out"
        return BasketItem(line, product, variant, problem=problem)
    left = None if variant.backorder else variant.stock
    quantity = min(line.quantity, left or line.quantity)
    problem = "fewer" if quantity < line.quantity else ""
    return BasketItem(line, product, variant, quantity, problem)
