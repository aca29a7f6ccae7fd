"""Explains by which merchant's rule a product ranks where it does among a page's candidates."""

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
    amounts = {rule.action: rule for rule in reversed(rules)}
    named: dict[str, Rule] = {}
    shares: dict[str, Rule] = {}
    for rule in rules:
        by_product = named if rule.action in PRODUCT_ACTIONS else shares
        by_product |= {name: rule for name in rule.products if name not in by_product}

    def reason(item: Product) -> str:
        if item.id in named:
            return f"{named[item.id].action}, line {named[item.id].line}"
        if item.id not in steered.products:
            return f"least_stock, line {amounts['least_stock'].line}"
        if not item.available:
            return "sold out"
        if item.id not in places:
            bounds = [amounts[name] for name in _BOUNDS if name in amounts]
            lines = [f"{rule.action}, line {rule.line}, or " for rule in bounds]
            return f"{''.join(lines)}no room among {MOST_OFFERED}"
        if "diversity" in amounts and _is_beyond(item, with_rules, amounts["diversity"].amount):
            return f"diversity, line {amounts['diversity'].line}"
        if item.id in shares:
            return f"share, line {shares[item.id].line}"
        return ", ".join(appeal(item, shop, persona)) or "nothing speaks for it"

    return [
        Standing(item, places.get(name, 0), usual.get(name, 0), reason(item))
        for name, item in {item.id: item for item in (*with_rules, *without)}.items()
    ]


def _is_beyond(item: Product, placed: Sequence[Product], share: float) -> bool:
    """Say whether a product's category has its share of the places already before it."""
    before = placed[: placed.index(item)]
    return sum(it.category == item.category for it in before) >= max(1, int(MOST_OFFERED * share))
