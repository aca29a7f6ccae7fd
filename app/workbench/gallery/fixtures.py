"""Configs and shops made for looking: fitted to a catalog, or to the limits of the props."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args, get_origin

from app.content.components import ComponentSpec
from app.domain.catalog import Product, Shop

_WORDS = (
    "quiet", "lamps", "and", "wide", "bowls", "stand", "where", "evening", "light", "falls", "on",
    "oak", "linen", "clay", "brass", "wool", "made", "slowly", "by", "hand", "for", "whoever",
    "comes", "home", "again",
)  # fmt: skip


def kinds_of_names(spec: ComponentSpec) -> dict[str, str]:
    """Return which props are names of something sold: prop -> `products` or `categories`."""
    return {
        name: kind
        for name, field in spec.props.model_fields.items()
        if (kind := _kind(field.annotation, field.metadata))
    }


def _kind(annotation: Any, metadata: Sequence[Any] = ()) -> str:
    for item in metadata:
        if getattr(item, "kind", None) in ("products", "categories"):
            return str(item.kind)
    if get_origin(annotation) is None:
        return ""
    inner = get_args(annotation)
    if hasattr(annotation, "__metadata__"):
        return _kind(inner[0], annotation.__metadata__)
    return next((found for item in inner if (found := _kind(item))), "")


def fit_to_shop(spec: ComponentSpec, config: Mapping[str, object], shop: Shop) -> dict[str, object]:
    """Return a config that names only what this shop sells; what it does not is replaced."""
    fitted = dict(config)
    sold = {"products": list(shop.products), "categories": list(shop.categories())}
    for prop, kind in kinds_of_names(spec).items():
        if prop in fitted:
            fitted[prop] = _sold(fitted[prop], sold[kind])
    return fitted


def _sold(value: object, names: Sequence[str]) -> object:
    if isinstance(value, list | tuple):
        kept = [item for item in value if item in names]
        spare = [name for name in names if name not in kept]
        return [*kept, *spare][: len(value)] if len(kept) < len(value) else list(value)
    return value if value in names or not names else names[0]


def boundary_config(spec: ComponentSpec, shop: Shop, *, longest: bool) -> dict[str, object]:
    """Return the shortest or the longest config that the props allow."""
    schema = spec.props.model_json_schema()
    kinds = kinds_of_names(spec)
    sold = {"products": list(shop.products), "categories": list(shop.categories())}
    return {
        name: _at_limit(value, sold.get(kinds.get(name, ""), []), longest=longest)
        for name, value in schema["properties"].items()
    }


def _at_limit(schema: Mapping[str, Any], names: Sequence[str], *, longest: bool) -> object:
    if "enum" in schema:
        return schema["enum"][-1 if longest else 0]
    kind = schema.get("type")
    if kind == "array":
        size = schema.get("maxItems", 8) if longest else schema.get("minItems", 1)
        items = list(names) or [_copy(at + 4) for at in range(size)]
        return items[:size]
    if kind == "boolean":
        return longest
    if kind in ("integer", "number"):
        return schema.get("maximum" if longest else "minimum", 1)
    if names:
        return max(names, key=len) if longest else min(names, key=len)
    return _copy(schema.get("maxLength", 80) if longest else schema.get("minLength", 2))


def _copy(length: int) -> str:
    """Return copy of just this length."""
    text = ""
    at = 0
    while len(text) < length + 1:
        text += ("" if not text else " ") + _WORDS[at % len(_WORDS)]
        at += 1
    cut = text[:length]
    return (cut[:-1] + "s" if cut.endswith(" ") else cut).capitalize()


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
    "as-it-is": ("The catalog as it is", lambda shop: shop),
    "no-pictures": (
        "Missing pictures",
        lambda shop: _changed(shop, lambda item: item._replace(picture=None)),
    ),
    "no-stock": (
        "No stock",
        lambda shop: _changed(shop, lambda item: item._replace(available=False, stock=0)),
    ),
    "one-product": ("One product", _one),
    "forty-products": ("Forty products", _forty),
}
"""What a catalog can be like: its name for people, and how it is made from the real one."""
