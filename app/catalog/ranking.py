"""Which products matter to whom: the order every rule-made choice starts from."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from app.domain.catalog import Product, Shop
from app.domain.persona import Persona

MOST_OFFERED = 20
"""How many products a model is shown. More cost tokens and bring no better page."""

LEADING = 4
"""The first places of a shelf: its first row on a wide screen."""

_PLEASING_TAGS = {
    "minimalist": {"staple", "bestseller", "refill"},
    "collector": {"limited", "handmade", "new"},
    "bargain_hunter": {"set", "refill", "staple"},
    "explorer": {"new", "travel", "handmade"},
    "loyalist": {"bestseller", "refill", "giftable"},
    "newcomer": {"bestseller", "giftable"},
}


def rank(shop: Shop, persona: Persona, most: int = MOST_OFFERED) -> tuple[Product, ...]:
    """Return the products to choose from for this persona: what is in stock, the likeliest first.

    What is sold out comes after all else, and so into a choice only where little is in stock. What
    the merchant pins, boosts and buries stands where their rules want it.
    """
    middle = _median_price(shop.products.values())
    ranked = sorted(
        shop.products.values(),
        key=lambda item: (
            not item.available,
            -_appeal(item, persona, middle),
            _shuffle(item, persona),
        ),
    )
    return tuple(arrange(ranked, shop, most))


def top_up(ids: Iterable[str], shop: Shop, size: int, slot: str = "") -> list[Product]:
    """Return the named products that are sold, topped up from the catalog to a full shelf.

    Its first places go to what is in stock, named or not, as far as the shop has any. In a slot
    the merchant's rules hold.
    """
    wanted = [shop.products[name] for name in dict.fromkeys(ids) if name in shop.products]
    named, taken = in_stock_first(wanted), {item.id for item in wanted}
    rest = in_stock_first(item for item in shop.products.values() if item.id not in taken)
    if shop.steering is not None:
        return arrange(named, shop, size, slot, rest)
    rest = rest[:size]
    leading = in_stock_first([*named, *rest])[:LEADING]
    return list({item.id: item for item in [*leading, *named, *rest]}.values())[:size]


def in_stock_first(items: Iterable[Product]) -> list[Product]:
    """Return the products in their order, but what is sold out after all else."""
    return sorted(items, key=lambda item: not item.available)


def arrange(
    named: Iterable[Product], shop: Shop, size: int, slot: str = "", spare: Iterable[Product] = ()
) -> list[Product]:
    """Return as many products as fit, in the order that the merchant's rules want.

    What is pinned to the slot (to any, where none is named) leads, then what is boosted among the
    named, then the others, `spare` after the named; what is buried, more than its share of one
    category, or sold out comes only where nothing else is left.
    """
    steering = shop.steering
    if steering is None:
        return list(named)[:size]
    leading = pinned(shop, slot)[:size]
    ordered = [*sorted(named, key=lambda item: item.id not in steering.boosted), *spare]
    ordered.sort(key=lambda item: (not item.available, item.id in steering.buried))
    most = max(1, int(size * steering.share))
    shares = Counter(item.category for item in leading)
    placed = {item.id: item for item in leading}
    beyond: list[Product] = []
    for item in ordered:
        if len(placed) == size:
            break
        if item.id in placed:
            continue
        if item.available and item.id not in steering.buried and shares[item.category] < most:
            placed[item.id] = item
            shares[item.category] += 1
        else:
            beyond.append(item)
    rest = (item for item in beyond if item.id not in placed)
    return list({**placed, **{item.id: item for item in rest}}.values())[:size]


def pinned(shop: Shop, slot: str = "") -> list[Product]:
    """Return what leads in a slot (in any, where none is named): what is pinned and in stock."""
    names = shop.steering.pinned(slot) if shop.steering is not None else ()
    items = (shop.products[name] for name in names if name in shop.products)
    return [item for item in items if item.available]


def _appeal(item: Product, persona: Persona, middle: Decimal) -> float:
    signals = persona.signals
    wanted = {name.lower() for name in signals.category_preferences}
    score = 3.0 * (item.category.lower() in wanted)
    score += 1.5 * len(_PLEASING_TAGS[persona.type].intersection(item.tags))
    score += 1.0 * (item.picture is not None)
    if persona.type == "bargain_hunter" or signals.price_sensitivity == "high":
        score += 2.0 * (item.compare_at is not None) + 1.0 * (item.price.amount <= middle)
    if persona.type == "collector" or signals.price_sensitivity == "low":
        score += 1.0 * (item.price.amount > middle)
    return score


def _shuffle(item: Product, persona: Persona) -> int:
    """A steady tie-break that differs between personas, so that not all see the same first."""
    return zlib.crc32(f"{persona.type}:{item.id}".encode())


def _median_price(products: Iterable[Product]) -> Decimal:
    prices = sorted(item.price.amount for item in products)
    return prices[len(prices) // 2] if prices else Decimal(0)
