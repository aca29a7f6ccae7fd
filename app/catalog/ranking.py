"""Which products matter to whom: the order every rule-made choice starts from."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from itertools import chain, islice

from app.domain.catalog import Product, Shop
from app.domain.persona import Interests, Persona

MOST_OFFERED = 20
"""How many products a model is shown. More cost tokens and bring no better page."""

LEADING = 4
"""The first places of a shelf: its first row on a wide screen."""

_MOST_OWN = 6
"""Products that a shopper viewed or put into the basket: the others are to be discovered."""

_MOST_RANKED = 1_000
"""Products among which the merchant's rules choose; in a larger shop others stand too far back."""

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
    ranked = _own_first(_ranked(shop, persona, max(most, _MOST_RANKED)), shop, persona.interests)
    boosted = shop.steering.boosted if shop.steering is not None else ()
    first = (item for item in _order(shop, persona) if item.id in boosted) if boosted else ()
    return tuple(arrange([*first, *ranked], shop, most))


def _ranked(shop: Shop, persona: Persona, most: int) -> Sequence[Product]:
    """Return the likeliest products for a persona, without the merchant's rules."""
    order = _order(shop, persona)
    liked = _liked(shop, persona)
    if not liked:
        return order[:most]
    preferred = islice((item for item in order if item.category in liked), most)
    some = {item.id: item for item in (*order[:most], *preferred)}
    return sorted(some.values(), key=_Places(shop, persona, liked))[:most]


def appeal(item: Product, shop: Shop, persona: Persona) -> list[str]:
    """Return in words what speaks for a product, without what its shopper did."""
    return _Places(shop, persona, _liked(shop, persona)).reasons(item)


def _liked(shop: Shop, persona: Persona) -> set[str]:
    wanted = {name.lower() for name in persona.signals.category_preferences}
    return {name for name in shop.categories() if name.lower() in wanted}


def _own_first(ranked: Sequence[Product], shop: Shop, interests: Interests) -> Sequence[Product]:
    """Begin with what the shopper looked for, then with what is suggested to them.

    What they have bought comes after what they have not. What is sold out stays last. Of those of
    whom nothing is known, the order stays as it is.
    """
    if not any(interests):
        return ranked

    def available(names: Iterable[str]) -> Iterator[Product]:
        sold = (shop.products[name] for name in names if name in shop.products)
        return (item for item in sold if item.available)

    looked_for = islice(available((*interests.basket, *interests.viewed)), _MOST_OWN)
    suggested = available(name for name, _ in interests.suggested)
    own = {item.id: item for item in (*looked_for, *suggested)}
    rest = [item for item in ranked if item.id not in own]
    bought = frozenset(interests.bought)
    rest.sort(key=lambda item: (not item.available, item.id in bought))
    return [*own.values(), *rest]


def _order(shop: Shop, persona: Persona) -> tuple[Product, ...]:
    """Return all products as a persona that prefers no category wants them; made once for each."""
    kind = ("ranked", persona.type, persona.signals.price_sensitivity)
    places = _Places(shop, persona)
    return shop.derived(kind, lambda: tuple(sorted(shop.everything(), key=places)))


def top_up(ids: Iterable[str], shop: Shop, size: int, slot: str = "") -> list[Product]:
    """Return the named products that are sold, topped up from the catalog to a full shelf.

    Its first places go to what is in stock, named or not, as far as the shop has any. In a slot
    the merchant's rules hold.
    """
    wanted = [shop.products[name] for name in dict.fromkeys(ids) if name in shop.products]
    named, taken = in_stock_first(wanted), {item.id for item in wanted}
    spare = shop.derived("in stock first", lambda: tuple(in_stock_first(shop.everything())))
    most = (size if shop.steering is None else max(size, _MOST_RANKED)) + len(taken)
    rest = [item for item in islice(spare, most) if item.id not in taken]
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
    category, or sold out comes only where nothing else is left. The last places are kept for what
    is to have a share of the list and has not got it by then.
    """
    steering, named = shop.steering, list(named)
    if steering is None:
        return named[:size]
    leading = pinned(shop, slot)[:size]
    ordered = [*sorted(named, key=lambda item: item.id not in steering.boosted), *spare]
    most = max(1, int(size * steering.share))
    shares = Counter(item.category for item in leading)
    placed = {item.id: item for item in leading}
    beyond: list[Product] = []

    def owed(items: Container[str], share: float) -> int:
        return max(0, int(size * share) - sum(name in items for name in placed))

    def fill(candidates: Iterable[Product], room: Callable[[], int]) -> None:
        for item in candidates:
            if room() <= 0:
                return
            if item.id in placed:
                continue
            fits = item.available and item.id not in steering.buried
            if fits and shares[item.category] < most:
                placed[item.id] = item
                shares[item.category] += 1
            else:
                beyond.append(item)

    fill(ordered, lambda: size - len(placed) - sum(owed(*part) for part in steering.shares))
    for items, share in steering.shares:
        own = (item for item in (*named, *items.values()) if item.id in items)
        fill(own, partial(owed, items, share))
    fill(ordered, lambda: size - len(placed))
    rest = sorted(beyond, key=lambda item: (not item.available, item.id in steering.buried))
    return list({**placed, **{item.id: item for item in rest}}.values())[:size]


def pinned(shop: Shop, slot: str = "") -> list[Product]:
    """Return what leads in a slot (in any, where none is named): what is pinned and in stock."""
    pins = shop.steering.pins if shop.steering is not None else {}
    lists = [pins.get(slot, ())] if slot else pins.values()
    names = dict.fromkeys(chain.from_iterable(lists))
    items = (shop.products[name] for name in names if name in shop.products)
    return [item for item in items if item.available]


class _Places:
    """Says where a product stands for a persona: what is in stock first, then the likeliest.

    Among equals the order is a steady one that differs between personas, so that not all see the
    same first.
    """

    def __init__(self, shop: Shop, persona: Persona, liked: Container[str] = ()) -> None:
        kind, sensitivity = persona.type, persona.signals.price_sensitivity
        self._liked = liked
        self._pleasing = _PLEASING_TAGS[kind]
        self._shuffle = zlib.crc32(f"{kind}:".encode())
        self._saves = kind == "bargain_hunter" or sensitivity == "high"
        self._spends = kind == "collector" or sensitivity == "low"
        self._middle = shop.derived("middle price", lambda: _median_price(shop.everything()))

    def __call__(self, item: Product) -> tuple[bool, float, int]:
        shuffled = zlib.crc32(item.id.encode(), self._shuffle)
        return not item.available, -sum(self._weights(item)), shuffled

    def reasons(self, item: Product) -> list[str]:
        """Return in words what speaks for a product."""
        pleasing = sorted(self._pleasing.intersection(item.tags))
        words = (
            f"{item.category} is liked",
            f"tagged {', '.join(pleasing)}",
            *("has a picture", "reduced", "not dear", "dear"),
        )
        return [reason for reason, weight in zip(words, self._weights(item), strict=True) if weight]

    def _weights(self, item: Product) -> tuple[float, ...]:
        """Return how much each reason speaks for a product: together its appeal."""
        dear = (self._saves or self._spends) and item.price.amount > self._middle
        return (
            3.0 * (item.category in self._liked),
            1.5 * len(self._pleasing.intersection(item.tags)),
            1.0 * (item.picture is not None),
            2.0 * (self._saves and item.compare_at is not None),
            1.0 * (self._saves and not dear),
            1.0 * (self._spends and dear),
        )


def _median_price(products: Iterable[Product]) -> Decimal:
    prices = sorted(item.price.amount for item in products)
    return prices[len(prices) // 2] if prices else Decimal(0)
