"""Rules that choose without a model: for fallbacks, the house model, what has sold out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from app.catalog.ranking import arrange, in_stock_first, pinned, rank
from app.domain.catalog import Product, Shop
from app.domain.page import Component, Proposal, Refusal
from app.domain.persona import NEWCOMER, Persona
from app.generation.validate import Spec, validate

if TYPE_CHECKING:
    from pydantic import BaseModel

HouseCopy = Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]
"""The house's copy: set (a persona type, or `fallback`) -> component type -> choices."""

_SORT = {"bargain_hunter": "price-asc", "collector": "price-desc"}
_GRID, _ROW, _SHORTEST_ROW = 8, 6, 3
_UNAVAILABLE = ("SOLD_OUT_LEADS", "UNKNOWN_PRODUCT")
_ANYBODY = "fallback"
_HERO = "hero"


def fallback(shop: Shop, lines: HouseCopy) -> dict[str, dict[str, object]]:
    """Return a config a component type for shoppers of whom nothing may be assumed.

    What a type of ours leads with is chosen; of any other, the copy is all there is.
    """
    return _configs(shop, NEWCOMER, lines[_ANYBODY], seed=shop.id)


def compose(shop: Shop, persona: Persona, lines: HouseCopy, seed: str) -> list[dict[str, object]]:
    """Return a whole page as component JSON; the same seed gives the same page."""
    configs = _configs(shop, persona, lines[persona.type], seed)
    return [{"type": kind, "id": kind, "config": config} for kind, config in configs.items()]


def restock(
    page: Sequence[Component],
    shop: Shop,
    persona: Persona,
    *,
    specs: Mapping[str, Spec],
    context: Mapping[str, object],
    lines: HouseCopy,
) -> list[Component]:
    """Return a page's components with other products where those that led are gone or sold out.

    The next of the same page take their places. The words that were written for them go as well,
    and words that the catalog no longer bears out: the house has others for this persona. Without
    such words a component stays as it is. `context` is what PropsContext makes of the shop.
    """

    def judge(component: Component) -> Component | Refusal:
        return validate(Proposal(*component), specs, context, frozenset())

    shelves = (value for item in page for value in item.config.values() if isinstance(value, list))
    shown = [shop.products[name] for shelf in shelves for name in shelf if name in shop.products]
    spare = in_stock_first([*shown, *rank(shop, persona)])
    copy = lines[persona.type]
    return [_restocked(item, shop, judge, spare, copy.get(item.type, ())) for item in page]


def obey(
    component: Component,
    shop: Shop,
    *,
    specs: Mapping[str, Spec],
    context: Callable[[Shop], Mapping[str, object]],
    copy_in: Callable[[str], HouseCopy],
) -> Component:
    """Return a component as the merchant's rules have it, which is how it is drawn.

    What was decided is kept beside that: it holds again when a rule ends. Where one product takes
    another's place, or the words no longer fit, the house has words for anybody. `context` makes of
    a shop what props are validated against, `copy_in` of a language's tag the house's copy.
    """
    if shop.steering is None or component.type not in specs:
        return component
    spec, config = specs[component.type], dict(component.config)
    for prop in product_props(spec.props):
        value = config.get(prop)
        names = [str(name) for name in (value if isinstance(value, list) else [value])]
        named = [shop.products[name] for name in names if name in shop.products]
        if named:
            items = arrange(named, shop, len(names), component.slot, shop.products.values())
            ids = [item.id for item in items]
            config[prop] = ids if isinstance(value, list) else ids[0]
    if config == component.config:
        return component
    steered = component._replace(config=config)
    another = any(
        isinstance(value, str) and value != component.config[prop] for prop, value in config.items()
    )
    verdict = validate(Proposal(*steered), specs, context(shop), frozenset())
    copy = copy_in(shop.locale)[_ANYBODY].get(component.type, ())
    if copy and (another or isinstance(verdict, Refusal)):
        words = _line(copy, seed=component.slot)
        steered = component._replace(config={**config, **words})
    return steered


@lru_cache(64)
def product_props(props: type[BaseModel]) -> tuple[str, ...]:
    """Return the props that name a product, or a list of them."""
    schema = props.model_json_schema()["properties"]
    return tuple(name for name, value in schema.items() if _names_products(value))


def _names_products(schema: Mapping[str, Any]) -> bool:
    parts = [schema.get("items", {}), *schema.get("anyOf", ())]
    return schema.get("names") == "products" or any(map(_names_products, filter(None, parts)))


def _restocked(
    component: Component,
    shop: Shop,
    judge: Callable[[Component], Component | Refusal],
    spare: Sequence[Product],
    copy: Sequence[Mapping[str, str]],
) -> Component:
    for _ in component.config:  # one prop at a time
        verdict = judge(component)
        if not (isinstance(verdict, Refusal) and verdict.code in _UNAVAILABLE):
            break
        prop = verdict.where.split(".")[1]
        value: Any = component.config.get(prop)
        names = value if isinstance(value, list) else [value]
        kept = [shop.products[name] for name in names if name in shop.products]
        places = {item.id: item for item in in_stock_first([*kept, *spare])}
        chosen = list(places)[: len(names)]
        words: Mapping[str, str] = {}
        if not any(item.available for item in kept):
            if not copy:
                break
            words = _line(copy, seed=chosen[0])
        fresh = {prop: chosen if isinstance(value, list) else chosen[0]}
        component = component._replace(config={**component.config, **words, **fresh})
    verdict = judge(component)
    if copy and isinstance(verdict, Refusal) and verdict.words:
        words = _line(copy, seed=component.slot)
        component = component._replace(config={**component.config, **words})
    return component


def _configs(
    shop: Shop, persona: Persona, lines: Mapping[str, Sequence[Mapping[str, str]]], seed: str
) -> dict[str, dict[str, object]]:
    ranked = rank(shop, persona, _GRID + _ROW + 1)
    lead, shelf, row = _shared_out(ranked, shop)
    categories = _categories(shop, persona, ranked)
    facts: dict[str, dict[str, object]] = {
        "hero": {"product_id": lead.id},
        "filters": {"categories": categories[:6], "sort": _SORT.get(persona.type, "featured")},
        "grid": {"product_ids": [item.id for item in shelf]},
        "recommendations": {"product_ids": [item.id for item in row]},
        "cta": {"category": lead.category},
    }
    kinds = dict.fromkeys([*(kind for kind in facts if kind in lines), *lines])
    return {kind: {**facts.get(kind, {}), **_line(lines[kind], seed)} for kind in kinds}


def _shared_out(
    ranked: Sequence[Product], shop: Shop
) -> tuple[Product, Sequence[Product], Sequence[Product]]:
    """Give the best to the hero, the next to the grid, the rest to the row; none goes empty.

    Where the rest has too little in stock, the row is led by the end of the grid.
    """
    fit = [item for item in ranked if item.picture and item.available]
    elsewhere = {item.id for item in pinned(shop)}
    free = [item for item in fit if item.id not in elsewhere]
    (lead,) = arrange([*free, *fit, ranked[0]], shop, 1, _HERO)
    others = [item for item in ranked if item is not lead] or [lead]
    rest = others[_GRID:]
    enough = sum(item.available for item in rest) >= _SHORTEST_ROW
    row = rest if enough else in_stock_first(others[::-1])
    return lead, others[:_GRID], row[:_ROW]


def _categories(shop: Shop, persona: Persona, ranked: Sequence[Product]) -> list[str]:
    """Return the shop's categories, for a known persona those of the likeliest products first."""
    if persona == NEWCOMER:
        return list(shop.categories())
    return list(dict.fromkeys([*(item.category for item in ranked), *shop.categories()]))


def _line(choices: Sequence[Mapping[str, str]], seed: str) -> Mapping[str, str]:
    return choices[zlib.crc32(seed.encode()) % len(choices)]
