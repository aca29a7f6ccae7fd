"""The merchant's rules: what must be on a page, and what must not."""

from math import inf
from typing import NamedTuple

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
