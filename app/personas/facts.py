"""Turns events that a browser reports into facts, with categories and prices from the catalog."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import NamedTuple

from app.domain.catalog import Product, Shop
from app.domain.facts import BASKET_KINDS, MAX_ORIGIN_LENGTH, Fact, ReportedEvent
from app.domain.page import Refusal


class Prices(NamedTuple):
    """A shop's prices: up to `low` is the lowest third, from `high` the highest.

    Only prices in the shop's currency can be compared. Where the thirds cannot be told apart there
    are none.
    """

    currency: str
    low: Decimal | None = None
    high: Decimal | None = None


def prices_of(shop: Shop) -> Prices:
    """Return where a shop's thirds of prices lie."""
    return shop.derived("prices", lambda: _thirds(shop))


def _thirds(shop: Shop) -> Prices:
    currency = shop.currency()
    prices = [item.price for item in shop.everything()]
    amounts = sorted(price.amount for price in prices if price.currency == currency)
    third = (len(amounts) - 1) // 3
    if not amounts or amounts[third] == amounts[-1 - third]:
        return Prices(currency)
    return Prices(currency, amounts[third], amounts[-1 - third])


def to_fact(
    event: ReportedEvent,
    shop: Shop,
    prices: Prices,
    day: int,
    *,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> Fact | Refusal:
    """Return the fact, or refuse what the shop knows nothing of.

    `origins` says of products of the basket where they were shown.
    """
    items = [
        (shop.products[name], quantity) for name, quantity in event.items if name in shop.products
    ]
    if event.kind == "filter":
        return _filtered(event, shop, day)
    if not items:
        return Refusal("UNKNOWN_PRODUCT", event.kind)
    products = [item for item, _ in items]
    tiers = [price_tier(item, prices) for item in products]
    is_order = event.kind == "purchase"
    return Fact(
        kind=event.kind,
        day=day,
        products=tuple(item.id for item in products),
        categories=tuple(item.category for item in products),
        low=tiers.count(-1),
        high=tiers.count(1),
        reduced=sum(item.compare_at is not None for item in products),
        cents=_cents(items, prices) if is_order else 0,
        seconds=event.seconds,
        origins=_origins(products, origins) if event.kind in BASKET_KINDS else (),
        order=event.order if is_order else "",
    )


def _origins(products: Sequence[Product], origins: Mapping[str, str]) -> tuple[str, ...]:
    found = [origins.get(item.id, "") for item in products]
    known = [origin if len(origin) <= MAX_ORIGIN_LENGTH else "" for origin in found]
    return tuple(known) if any(known) else ()


def _filtered(event: ReportedEvent, shop: Shop, day: int) -> Fact | Refusal:
    known = event.category in shop.categories() if event.category else bool(event.sort)
    if not known:
        return Refusal("UNKNOWN_CATEGORY", event.kind)
    categories = (event.category,) if event.category else ()
    return Fact(event.kind, day, categories=categories, sort=event.sort)


def price_tier(item: Product, prices: Prices) -> int:
    """Return -1 for the lowest third of prices, 1 for the highest, 0 for any other."""
    price = item.price
    if prices.low is None or prices.high is None or price.currency != prices.currency:
        return 0
    return -1 if price.amount <= prices.low else int(price.amount >= prices.high)


def _cents(items: Sequence[tuple[Product, int]], prices: Prices) -> int:
    """Return what the items cost in hundredths; other currencies than the shop's do not count."""
    paid = (
        item.price.amount * quantity
        for item, quantity in items
        if item.price.currency == prices.currency
    )
    return int((sum(paid, Decimal(0)) * 100).to_integral_value(ROUND_HALF_UP))
