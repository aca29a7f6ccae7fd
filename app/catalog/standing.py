"""Why each product stands where it does among what a page may choose from, by the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from app.catalog.merchandising import steer
from app.catalog.ranking import MOST_OFFERED, appeal, rank
from app.domain.catalog import Product, Shop
from app.domain.merchandising import PRODUCT_ACTIONS, Rule
from app.domain.persona import Persona

_BOUNDS = ("diversity", "share")


class Standing(NamedTuple):
    """A product with its place, from 1, by the rules and without them; 0 where it has none."""

    product: Product
    place: int
    without: int
    reason: str


def standings(shop: Shop, persona: Persona, rules: tuple[Rule, ...]) -> list[Standing]:
    """Return what a page for this persona may choose from as these rules have it, in its order.

    After it comes what would be there without them. The strongest rule comes first.
    """
    steered = steer(shop, rules)
    with_rules, without = (rank(it, persona) for it in (steered, shop))
    places = {item.id: at for at, item in enumerate(with_rules, 1)}
    usual = {item.id: at for at, item in enumerate(without, 1)}
    items = {item.id: item for item in (*with_rules, *without)}
    reason = _Reasons(shop, steered, persona, rules)
    return [
        Standing(item, places.get(name, 0), usual.get(name, 0), reason(item, name in places))
        for name, item in items.items()
    ]


class _Reasons:
    """Says of a product which rule decides about it, or why it pleases."""

    def __init__(self, shop: Shop, steered: Shop, persona: Persona, rules: Sequence[Rule]) -> None:
        self._shop = shop
        self._steered = steered
        self._persona = persona
        self._amounts = {rule.action: rule for rule in reversed(rules)}
        self._named: dict[str, Rule] = {}
        self._shares: dict[str, Rule] = {}
        for rule in rules:
            named = self._named if rule.action in PRODUCT_ACTIONS else self._shares
            named |= {name: rule for name in rule.products if name not in named}

    def __call__(self, item: Product, is_placed: bool) -> str:
        named = self._named.get(item.id)
        if named is not None:
            return f"{named.action}, line {named.line}"
        if item.id not in self._steered.products:
            return f"least_stock, line {self._amounts['least_stock'].line}"
        if not item.available:
            return "sold out"
        if not is_placed:
            bounds = [self._amounts[name] for name in _BOUNDS if name in self._amounts]
            lines = [f"{rule.action}, line {rule.line}, or " for rule in bounds]
            return f"{''.join(lines)}no room among {MOST_OFFERED}"
        if item.id in self._shares:
            return f"share, line {self._shares[item.id].line}"
        return ", ".join(appeal(item, self._shop, self._persona)) or "nothing speaks for it"
