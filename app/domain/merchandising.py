"""The merchant's rules: what must be on a page, and what must not."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from app.domain.catalog import Product

PRODUCT_ACTIONS = ("pin", "boost", "bury", "exclude")
ACTIONS = (*PRODUCT_ACTIONS, "share", "diversity", "least_stock")


class Rule(NamedTuple):
    """One rule, at its line of the file. It holds from `begins` until `ends` (Unix seconds).

    `products` are those that a pin, boost, bury, exclude or share names; `amount` is their share,
    that of one category (diversity) or the least stock. Without personas or locales it holds for
    all.
    """

    line: int
    action: str
    products: tuple[str, ...] = ()
    amount: float = 0.0
    slot: str = ""
    personas: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    begins: float = -inf
    ends: float = inf
    priority: int = 0


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

    def pinned(self, slot: str) -> tuple[str, ...]:
        """Return what is pinned to a slot; to any slot, where none is named."""
        if slot:
            return self.pins.get(slot, ())
        return tuple(dict.fromkeys(name for names in self.pins.values() for name in names))
