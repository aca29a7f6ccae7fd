"""Who a page is for: shoppers, their personas, and the key their page is kept under."""

from typing import Literal, NamedTuple, get_args

PersonaType = Literal[
    "newcomer", "minimalist", "collector", "bargain_hunter", "explorer", "loyalist"
]
PERSONA_TYPES: tuple[PersonaType, ...] = get_args(PersonaType)


MAX_NAMES = 50
MAX_NAME_LENGTH = 200
MAX_ORDER_VALUE = 1e9
"""Bounds of signals, wherever they come from: names in a list, characters, and money."""


class Signals(NamedTuple):
    """What a shopper's behaviour told us. Money is in the shop's currency, major units."""

    avg_order_value: float = 0.0
    category_preferences: tuple[str, ...] = ()
    price_sensitivity: Literal["low", "medium", "high"] = "medium"
    browsing_patterns: tuple[str, ...] = ()


class Interests(NamedTuple):
    """Products that a shopper dealt with: put into the basket and not bought since, viewed, bought.

    Those of a kind begin with what weighs most. No product is in two of them. `suggested` are
    others that they may want, each with the reason in words: not theirs alone, but what all
    shoppers do.
    """

    basket: tuple[str, ...] = ()
    viewed: tuple[str, ...] = ()
    bought: tuple[str, ...] = ()
    suggested: tuple[tuple[str, str], ...] = ()

    @property
    def own(self) -> tuple[str, ...]:
        """All that the shopper dealt with."""
        return (*self.basket, *self.viewed, *self.bought)

    def reason(self, product_id: str) -> str:
        """Return what a shopper did with a product, or why they may want it; empty for neither."""
        words = {"bought": self.bought, "put into basket": self.basket, "viewed": self.viewed}
        own = next((word for word, names in words.items() if product_id in names), "")
        return own or dict(self.suggested).get(product_id, "")


class Persona(NamedTuple):
    """Whom a page is composed for. `confidence` runs from 0 to 1.

    `interests` are of one shopper, not of their kind: a page that regards them is never shared.
    """

    type: PersonaType = "newcomer"
    confidence: float = 0.0
    signals: Signals = Signals()
    interests: Interests = Interests()


NEWCOMER = Persona()


class Shopper(NamedTuple):
    """A visitor of one shop, known by a signed cookie and by nothing else."""

    id: str
    shop_id: str
    persona: Persona = NEWCOMER


class PageKey(NamedTuple):
    """What a page is kept under: one shopper, one persona; never shared by two."""

    shopper_id: str
    persona_hash: str

    def __str__(self) -> str:
        return f"ui:{self.shopper_id}:{self.persona_hash}"
