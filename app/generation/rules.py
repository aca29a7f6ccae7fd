"""Rules that compose a page without a model: for the fallback, and for the house model."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence

from app.catalog.ranking import rank
from app.domain.catalog import Product, Shop
from app.domain.persona import NEWCOMER, Persona

HouseCopy = Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]
"""The house's copy: set (a persona type, or `fallback`) -> component type -> choices."""

_SORT = {"bargain_hunter": "price-asc", "collector": "price-desc"}
_GRID, _ROW = 8, 6


def fallback(shop: Shop, lines: HouseCopy) -> dict[str, dict[str, object]]:
    """Return a config a component type for shoppers of whom nothing may be assumed."""
    return _configs(shop, NEWCOMER, lines["fallback"], seed=shop.id)


def compose(shop: Shop, persona: Persona, lines: HouseCopy, seed: str) -> list[dict[str, object]]:
    """Return a whole page as component JSON; the same seed gives the same page."""
    configs = _configs(shop, persona, lines[persona.type], seed)
    return [{"type": kind, "id": kind, "config": config} for kind, config in configs.items()]


def _configs(
    shop: Shop, persona: Persona, lines: Mapping[str, Sequence[Mapping[str, str]]], seed: str
) -> dict[str, dict[str, object]]:
    ranked = rank(shop, persona, _GRID + _ROW + 1)
    lead, shelf, row = _shared_out(ranked)
    categories = _categories(shop, persona, ranked)
    facts: dict[str, dict[str, object]] = {
        "hero": {"product_id": lead.id},
        "filters": {"categories": categories[:6], "sort": _SORT.get(persona.type, "featured")},
        "grid": {"product_ids": [item.id for item in shelf]},
        "recommendations": {"product_ids": [item.id for item in row]},
        "cta": {"category": lead.category},
    }
    return {kind: {**known, **_line(lines[kind], seed)} for kind, known in facts.items()}


def _shared_out(
    ranked: Sequence[Product],
) -> tuple[Product, Sequence[Product], Sequence[Product]]:
    """Give the best to the hero, the next to the grid, the rest to the row; none goes empty."""
    lead = next((item for item in ranked if item.picture and item.available), ranked[0])
    others = [item for item in ranked if item is not lead] or [lead]
    row = others[_GRID:] if len(others) >= _GRID + 3 else others[::-1][:_ROW]
    return lead, others[:_GRID], row


def _categories(shop: Shop, persona: Persona, ranked: Sequence[Product]) -> list[str]:
    """Return the shop's categories, for a known persona those of the likeliest products first."""
    if persona == NEWCOMER:
        return list(shop.categories())
    return list(dict.fromkeys([*(item.category for item in ranked), *shop.categories()]))


def _line(choices: Sequence[Mapping[str, str]], seed: str) -> Mapping[str, str]:
    return choices[zlib.crc32(seed.encode()) % len(choices)]
