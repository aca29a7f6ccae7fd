"""What a shopper did, in the catalog's terms: the facts by which personas are classified."""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, NamedTuple

KINDS = ("view", "filter", "dwell", "add_to_basket", "purchase")
BASKET_KINDS = ("add_to_basket", "purchase")
"""Those of which is noted where their products were shown."""

SHOWN, CLICK = "shown", "click"
"""What is counted of the store page's slots, and judges nobody."""

REPORTED = (*KINDS, SHOWN, CLICK)

CHECKOUT = "@checkout"
"""Stands for a slot where what is counted as shown is the way out of the shop."""

SECONDS_A_DAY = 86_400

MAX_FACTS = 200
"""Facts of one shopper that are kept and counted; orders give way last and the oldest first."""

MAX_NAMES = 20
MAX_DAY = 1_000_000
MAX_CENTS = 10**9
MAX_SECONDS = 600
MAX_ORIGIN_LENGTH = 100


def day_of(moment: float) -> int:
    """Return the day of a moment (Unix seconds), as days since the epoch."""
    return int(moment // SECONDS_A_DAY)


class Fact(NamedTuple):
    """One thing a shopper did. Ids, categories and prices are the catalog's, never the browser's.

    `day` counts days since the epoch. `categories` has one entry a product. `low`, `high` and
    `reduced` count products of the shop's lowest third of prices, of its highest, and reduced
    ones. `cents` is an order's value in hundredths of the shop's currency; `seconds` how long was
    looked; `sort` the order that was chosen. `origins` has for each product where it was shown
    before it was put into the basket, `page/slot`, or nothing; it is empty where none has one.
    `order` tells an order from all others of its shopper: reported again, it is the same one.
    """

    kind: str
    day: int = 0
    products: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    low: int = 0
    high: int = 0
    reduced: int = 0
    cents: int = 0
    seconds: int = 0
    sort: str = ""
    origins: tuple[str, ...] = ()
    order: str = ""

    def as_json(self) -> str:
        """Return the form in which it is stored: one line, without what is empty."""
        values = {name: value for name, value in self._asdict().items() if value}
        return json.dumps(values, ensure_ascii=False, separators=(",", ":"))


def read_fact(stored: object) -> Fact | None:
    """Read what was stored: None for an unknown kind; a field that makes no sense is empty."""
    if not isinstance(stored, Mapping) or stored.get("kind") not in KINDS:
        return None
    products = _names(stored.get("products"))
    return Fact(
        kind=stored["kind"],
        day=_whole(stored.get("day"), MAX_DAY),
        products=products,
        categories=_names(stored.get("categories")),
        low=_whole(stored.get("low"), MAX_NAMES),
        high=_whole(stored.get("high"), MAX_NAMES),
        reduced=_whole(stored.get("reduced"), MAX_NAMES),
        cents=_whole(stored.get("cents"), MAX_CENTS),
        seconds=_whole(stored.get("seconds"), MAX_SECONDS),
        sort=_text(stored.get("sort")),
        origins=_origins(stored.get("origins"), len(products)),
        order=_text(stored.get("order")),
    )


def _whole(value: Any, most: int) -> int:
    """Return a whole number from 0 to `most`; 0 for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    if isinstance(value, float) and (not isfinite(value) or value != int(value)):
        return 0
    return min(max(int(value), 0), most)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        return ()
    return tuple(name for name in value if isinstance(name, str) and name)[:MAX_NAMES]


def _origins(value: Any, number: int) -> tuple[str, ...]:
    """Return an origin for each product; none where there are not as many."""
    if not isinstance(value, list | tuple) or len(value) != number:
        return ()
    return tuple(
        text if isinstance(text, str) and len(text) <= MAX_ORIGIN_LENGTH else "" for text in value
    )


class ReportedEvent(NamedTuple):
    """What a browser says that a shopper did. Its shape has been checked, nothing else.

    `items` are product ids with quantities, `order` is the merchant's name of what was bought.
    `slot` is what was shown or clicked, `component` what filled it, and `place` where in it the
    product stood, from 1.
    """

    kind: str
    items: tuple[tuple[str, int], ...] = ()
    category: str = ""
    sort: str = ""
    seconds: int = 0
    slot: str = ""
    component: str = ""
    place: int = 0
    order: str = ""
