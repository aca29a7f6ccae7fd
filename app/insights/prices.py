"""What models cost: dollars a million tokens, on the day that the table was made."""

from __future__ import annotations

from typing import NamedTuple

PRICES_OF = "2026-11-25"


class Price(NamedTuple):
    """US dollars a million tokens: read anew, read from the provider's cache, and written."""

    prompt: float
    cached: float
    completion: float


PRICES = {
    "kimi-k2.6": Price(0.95, 0.16, 4.00),
    "claude-haiku-5-5": Price(0.10, 0.10, 0.50),
}
"""Those of our default models, as their providers published them. The house costs nothing."""

_FREE = frozenset({"", "house"})
_MILLION = 1_000_000


def unpriced(model: str) -> set[str]:
    """Return which of the models that a name joins have no price here."""
    return set(model.split("+")) - _FREE - PRICES.keys()


def cost_of(model: str, prompt: int, cached: int, completion: int) -> float | None:
    """Return dollars; None for a model whose price is not known.

    `model` may name several, `kimi-k2.6+house`; `cached` are those of the prompt's tokens that the
    provider had already.
    """
    paid = [name for name in model.split("+") if name not in _FREE]
    if not paid:
        return 0.0
    if unpriced(model):
        return None
    price = max(PRICES[name] for name in paid)
    fresh = max(0, prompt - cached)
    spent = fresh * price.prompt + cached * price.cached + completion * price.completion
    return spent / _MILLION
