"""Configs, shops and personas for previews, fitted to a catalog or to the props' limits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from app.catalog.ranking import in_stock_first
from app.domain.catalog import Product, Shop
from app.domain.page import ComponentSpec
from app.domain.persona import PERSONA_TYPES, Persona, Signals
from app.generation.prompt import schema_of
from app.generation.rules import names_in

_WORDS = (
    "quiet", "lamps", "and", "wide", "bowls", "stand", "where", "evening", "light", "falls", "on",
    "cups", "chairs", "plates", "books", "and", "coats", "hung", "slowly", "up", "for", "whoever",
    "comes", "home", "again",
)  # fmt: skip


_SENSITIVITY: tuple[Literal["low", "medium", "high"], ...] = ("low", "medium", "high")
_MOST_LIKED = 3

T = TypeVar("T")


class _Names(NamedTuple):
    """What a prop may name: all of it, and what may lead, which comes first in both."""

    every: Sequence[str] = ()
    leading: Sequence[str] = ()


def _names_of(shop: Shop) -> Mapping[str, _Names]:
    items = in_stock_first(shop.products.values())
    every, categories = [item.id for item in items], shop.categories()
    in_stock = [item.id for item in items if item.available]
    return {
        "products": _Names(every, in_stock or every),
        "categories": _Names(categories, categories),
    }


def fit_to_shop(spec: ComponentSpec, config: Mapping[str, object], shop: Shop) -> dict[str, object]:
    """Return a config that names only what this shop sells; what it does not is replaced.

    So is what has sold out where it would lead.
    """
    fitted = dict(config)
    names = _names_of(shop)
    for prop, schema in schema_of(spec.props)["properties"].items():
        if prop in fitted and (kind := names_in(schema)):
            fitted[prop] = _sold(fitted[prop], names[kind])
    return fitted


def _sold(value: object, names: _Names) -> object:
    if isinstance(value, list | tuple):
        kept = [item for item in value if item in names.every]
        if not set(kept).intersection(names.leading):
            kept = []
        return [*kept, *(name for name in names.every if name not in kept)][: len(value)]
    return value if value in names.leading or not names.leading else names.leading[0]


def boundary_config(spec: ComponentSpec, shop: Shop, *, longest: bool) -> dict[str, object]:
    """Return the shortest or the longest config that the props allow."""
    schema = schema_of(spec.props)
    names = _names_of(shop)
    return {
        name: _at_limit(value, names.get(names_in(value), _Names()), longest=longest)
        for name, value in schema["properties"].items()
    }


def _at_limit(schema: Mapping[str, Any], names: _Names, *, longest: bool) -> object:
    if "enum" in schema:
        return schema["enum"][-1 if longest else 0]
    kind = schema.get("type")
    if kind == "array":
        size = schema.get("maxItems", 8) if longest else schema.get("minItems", 1)
        items = list(names.every) or [_copy(at + 4) for at in range(size)]
        return items[:size]
    if kind == "boolean":
        return longest
    if kind in ("integer", "number"):
        return schema.get("maximum" if longest else "minimum", 1)
    if names.leading:
        return max(names.leading, key=len) if longest else min(names.leading, key=len)
    return _copy(schema.get("maxLength", 80) if longest else schema.get("minLength", 2))


def _copy(length: int) -> str:
    """Return copy of just this length."""
    cut = " ".join(_WORDS * (1 + length // len(_WORDS)))[:length]
    return (cut[:-1] + "s" if cut.endswith(" ") else cut).capitalize()


def sold_out(shop: Shop) -> Shop:
    """Return the shop with nothing in stock."""
    return _changed(shop, gone)


def gone(item: Product) -> Product:
    """Return a product of which nothing is left."""
    forms = tuple(form._replace(available=False, stock=0) for form in item.variants)
    return item._replace(available=False, stock=0, variants=forms)


def unpictured(item: Product) -> Product:
    """Return a product without a picture."""
    forms = tuple(form._replace(picture=None) for form in item.variants)
    return item._replace(picture=None, variants=forms)


def _changed(shop: Shop, change: Callable[[Product], Product]) -> Shop:
    return shop._replace(products={item.id: change(item) for item in shop.products.values()})


def _one(shop: Shop) -> Shop:
    return shop._replace(products=dict(list(shop.products.items())[:1]))


def _forty(shop: Shop) -> Shop:
    sold = list(shop.products.values())
    products = {}
    for at in range(40):
        item = sold[at % len(sold)]
        turn = at // len(sold)
        product = item if not turn else item._replace(id=f"{item.id}-{turn + 1}")
        products[product.id] = product
    return shop._replace(products=products)


CATALOGS: Mapping[str, tuple[str, Callable[[Shop], Shop]]] = {
    "as-it-is": ("As it is", lambda shop: shop),
    "no-pictures": ("Missing pictures", lambda shop: _changed(shop, unpictured)),
    "no-stock": ("No stock", sold_out),
    "one-product": ("One product", _one),
    "forty-products": ("Forty products", _forty),
}
"""What a catalog can be like: its name for people, and how it is made from the real one."""


def read_persona(payload: Mapping[str, Any], shop: Shop) -> Persona:
    """Read the persona a browser asks for; what makes no sense is passed over."""
    kind = _one_of(payload.get("persona"), PERSONA_TYPES, "newcomer")
    sensitivity = _one_of(payload.get("sensitivity"), _SENSITIVITY, "medium")
    given = payload.get("categories")
    sold = shop.categories()
    liked = [name for name in given if name in sold] if isinstance(given, list) else []
    signals = Signals(0.0, tuple(liked[:_MOST_LIKED]), sensitivity)
    confidence = 0.0 if kind == "newcomer" else 0.8
    return Persona(kind, confidence, signals)


def _one_of(payload: object, choices: Sequence[T], default: T) -> T:
    return next((item for item in choices if item == payload), default)
