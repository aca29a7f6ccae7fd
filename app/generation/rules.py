"""Rules that choose without a model: for fallbacks, the house model, what has sold out."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from app.catalog.ranking import arrange, in_stock_first, pinned, rank
from app.domain.catalog import Product, Shop
from app.domain.page import Choice, Component, ComponentSpec, Kind, PagePlan, Proposal, Refusal
from app.domain.persona import NEWCOMER, Interests, Persona
from app.generation.validate import validate

if TYPE_CHECKING:
    from pydantic import BaseModel

HouseCopy = Mapping[str, Mapping[str, Sequence[Mapping[str, str]]]]
"""The house's copy: set (a persona type, or `fallback`) -> component type -> choices."""

_SORT = {"bargain_hunter": "price-asc", "collector": "price-desc"}
_LOOKED_AT = 60
"""Products among which the house looks for a few that are alike."""

_UNAVAILABLE = ("SOLD_OUT_LEADS", "UNKNOWN_PRODUCT")
ANYBODY = "fallback"


class House(NamedTuple):
    """What the house chooses by: the page's slots and kinds, and the copy that is written already.

    `copy_in` gives the copy in the language of a BCP 47 tag. In each slot stands the first kind of
    a persona's set that fits there, else the first of the set for anybody, which has words for all
    kinds; a slot that may stay empty has what a persona's own set has for it.
    """

    plan: PagePlan
    copy_in: Callable[[str], HouseCopy]


def fallback(shop: Shop, house: House) -> list[Component]:
    """Return what stands in each slot for shoppers of whom nothing may be assumed."""
    return _page(shop, NEWCOMER, house, {}, seed=shop.id)


def compose(shop: Shop, persona: Persona, house: House, seed: str) -> list[Component]:
    """Return a whole page; the same seed gives the same page."""
    return _page(shop, persona, house, house.copy_in(shop.locale)[persona.type], seed)


def own_components(shop: Shop, interests: Interests, plan: PagePlan) -> list[Component]:
    """Return what shows a shopper what they viewed, where enough of it can be had."""
    if not interests.viewed:
        return []
    viewed = (shop.products.get(name) for name in interests.viewed)
    ids = [item.id for item in viewed if item is not None and item.available]
    return [
        Component(name, slot, {choice.prop: ids[: choice.most]})
        for name, kind in plan.kinds.items()
        for slot in plan.own.intersection(kind.slots)
        for choice in kind.choices
        if len(ids) >= choice.least
    ]


def restock(
    page: Sequence[Component],
    shop: Shop,
    persona: Persona,
    *,
    specs: Mapping[str, ComponentSpec],
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
    copy = {**lines.get(ANYBODY, {}), **{k: v for k, v in lines[persona.type].items() if v}}

    def restocked(item: Component) -> Component:
        named = product_props(specs[item.type].props) if item.type in specs else ()
        return _restocked(item, shop, judge, spare, copy.get(item.type, ()), named)

    return [restocked(item) for item in page]


def obey(
    component: Component,
    shop: Shop,
    *,
    specs: Mapping[str, ComponentSpec],
    context: Callable[[Shop], Mapping[str, object]],
    copy_in: Callable[[str], HouseCopy],
) -> Component:
    """Return a component as the merchant's rules have it, which is how it is drawn.

    What was decided is kept beside that: it holds again when a rule ends. Where one product takes
    another's place, or the words no longer fit, the house has words for anybody. What would not be
    admitted any more, such as a comparison of what is not alike, gives way to what is pinned in its
    slot, and where something of it is buried; a share of a list it keeps. `context` makes of a shop
    what props are validated against, `copy_in` of a language's tag the house's copy.
    """
    if shop.steering is None or component.type not in specs:
        return component
    spec, config = specs[component.type], dict(component.config)
    gives_way = bool(pinned(shop, component.slot))
    for prop in product_props(spec.props):
        value = config.get(prop)
        names = [str(name) for name in (value if isinstance(value, list) else [value])]
        named = [shop.products[name] for name in names if name in shop.products]
        if named:
            gives_way = gives_way or not shop.steering.buried.isdisjoint(names)
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
    copy = copy_in(shop.locale)[ANYBODY].get(component.type, ())
    if copy and (another or isinstance(verdict, Refusal)):
        words = _line(copy, seed=component.slot)
        steered = component._replace(config={**config, **words})
        verdict = validate(Proposal(*steered), specs, context(shop), frozenset())
    return component if isinstance(verdict, Refusal) and not gives_way else steered


@lru_cache(64)
def product_props(props: type[BaseModel]) -> tuple[str, ...]:
    """Return the props that name a product, or a list of them, for which others may stand."""
    schema = props.model_json_schema()["properties"].items()
    return tuple(name for name, it in schema if names_in(it) == "products" and not it.get("viewed"))


def names_in(schema: Mapping[str, Any]) -> str:
    """Return what a prop's schema says that it names: `products`, `categories` or nothing."""
    parts = filter(None, [schema.get("items"), *schema.get("anyOf", ())])
    return schema.get("names") or next(filter(None, map(names_in, parts)), "")


def _restocked(
    component: Component,
    shop: Shop,
    judge: Callable[[Component], Component | Refusal],
    spare: Sequence[Product],
    copy: Sequence[Mapping[str, str]],
    replaceable: Sequence[str],
) -> Component:
    for _ in replaceable:  # one prop at a time
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


def _page(
    shop: Shop,
    persona: Persona,
    house: House,
    own: Mapping[str, Sequence[Mapping[str, str]]],
    seed: str,
) -> list[Component]:
    plan, usual = house.plan, house.copy_in(shop.locale)[ANYBODY]
    dealer = _Dealer(shop, persona, plan)
    page: list[Component] = []
    for slot in plan.slots:
        optional = slot in plan.optional and not pinned(shop, slot)
        names = dict.fromkeys([*own, *(() if optional else usual)])
        for name in names:
            kind = plan.kinds.get(name)
            if kind is None or slot not in kind.slots:
                continue
            config = dealer.config(kind, slot, full=optional)
            if config is not None:
                words = _line(own.get(name) or usual.get(name) or [{}], seed)
                page.append(Component(name, slot, {**config, **words}))
                break
    return page


class _Dealer:
    """Deals a page's products out: the likeliest first, and each once while there are others."""

    def __init__(self, shop: Shop, persona: Persona, plan: PagePlan) -> None:
        self._shop, self._persona = shop, persona
        choices = (choice for kind in plan.kinds.values() for choice in kind.choices)
        sizes = (max(it.most, 1) for it in choices if it.of == "products")
        self._ranked = rank(shop, persona, max(1, sum(sizes)))
        self._leading: list[Product] = []
        self._listed: list[Product] = []

    def config(self, kind: Kind, slot: str, *, full: bool) -> dict[str, object] | None:
        """Return what a component of a kind names; None where that is not to be had in `full`."""
        before = (list(self._leading), list(self._listed))
        config: dict[str, object] = {}
        for choice in kind.choices:
            value = self._value(choice, slot, full=full)
            if value is None:
                self._leading, self._listed = before
                return None
            config[choice.prop] = value
        return config

    def _value(self, choice: Choice, slot: str, *, full: bool) -> object:
        if "viewed" in choice.marks:
            return None
        if choice.of == "words":
            likely = _SORT.get(self._persona.type, "")
            return likely if likely in choice.words else choice.words[0]
        if choice.of == "categories":
            first = (self._leading or self._ranked)[0].category
            names = self._categories()[: choice.most] if choice.most else first
            return None if full and choice.most and len(names) < choice.least else names
        if not choice.most:
            item = self._one(slot, other=full, described="described" in choice.marks)
            return item and item.id
        items = (
            self._alike(choice.least)
            if "alike" in choice.marks
            else self._several(choice.least, other=full)
        )
        ids = [item.id for item in items[: choice.most]]
        if full and len(ids) < choice.least:
            return None
        self._listed += items[: choice.most]
        return ids

    def _one(self, slot: str, *, other: bool, described: bool) -> Product | None:
        """Return what is to be shown alone, only what was not yet where `other` is asked for."""
        fit = [item for item in self._ranked if item.picture and item.available]
        elsewhere = {item.id for item in pinned(self._shop)}
        free = [item for item in fit if item.id not in elsewhere]
        new = [item for item in free if item not in self._leading]
        new.sort(key=self._listed.__contains__)
        if described:
            new = [item for item in new if item.is_told]
        if other and not new:
            return None
        (lead,) = arrange([*new, *free, *fit, self._ranked[0]], self._shop, 1, slot)
        self._leading.append(lead)
        return lead

    def _several(self, least: int, *, other: bool) -> list[Product]:
        """Return products in a row. Where too few are left, the row is led by what was last.

        Only what was not yet shown is returned where `other` is asked for.
        """
        dealt = [*self._leading, *self._listed]
        rest = [item for item in self._ranked if item not in dealt]
        if other:
            return [item for item in rest if item.available]
        if sum(item.available for item in rest) < least:
            rest = in_stock_first(dict.fromkeys([*rest, *self._listed[::-1]]))
        is_led = any(item.available for item in rest)
        return rest if is_led else in_stock_first(self._ranked)

    def _alike(self, least: int) -> list[Product]:
        """Return products of the first category of which there are enough in stock."""
        shelves: dict[str, list[Product]] = {}
        for item in rank(self._shop, self._persona, _LOOKED_AT):
            if item.available:
                shelves.setdefault(item.category, []).append(item)
        enough = (items for items in shelves.values() if len(items) >= least)
        return next(enough, [])

    def _categories(self) -> list[str]:
        """Return the categories, for a known persona those of the likeliest products first."""
        likely = () if self._persona == NEWCOMER else (item.category for item in self._ranked)
        return list(dict.fromkeys([*likely, *self._shop.categories()]))


def _line(choices: Sequence[Mapping[str, str]], seed: str) -> Mapping[str, str]:
    return choices[zlib.crc32(seed.encode()) % len(choices)]
