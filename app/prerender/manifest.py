"""The manifest for the Worker: each shop's name, headers, listings and products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.catalog.listing import ORDERS
from app.content.assets import Assets
from app.content.components import Library
from app.domain.catalog import Product, Shop
from app.domain.experiments import Experiments
from app.pages.shells import ShopView
from app.personas.facts import price_tier, prices_of
from app.prerender.pages import STREAM, listing_pages

MOST_SENT = 200
"""Products that go with a request to a container which does not know the shop itself."""

_LONGEST, _LONGEST_TAG, _MOST_TAGS = 1_000, 200, 50
"""What the container takes of a product that comes with a request."""


_BRAND = ("primary_color", "secondary_color", "font_family", "tone")
"""What a request to a container says of a brand (contract)."""


def shops_file(
    shops: Mapping[str, Shop], default: Shop, assets: Assets, edition: str
) -> dict[str, object]:
    """Return the index: which shops and static files there are; `edition` names all of them."""
    static = {
        name: {"address": assets.names[name], "etag": body.etag.decode()}
        for name, body in assets.files.items()
    }
    return {
        "version": 1,
        "edition": edition,
        "default": default.id,
        "shops": sorted(shops),
        "static": static,
    }


def shop_file(
    view: ShopView,
    library: Library,
    experiments: Experiments,
    unanswered: str,
    moments: Iterable[int],
) -> dict[str, object]:
    """Return what is asked of a shop at every visit.

    `unanswered` is what a list says that could not be searched or filtered; `moments` are those
    from which on its store pages are others (Unix seconds).
    """
    shop, choices = view.shop, (it for kind in library.plan.kinds.values() for it in kind.choices)
    return {
        "version": 1,
        "id": shop.id,
        "name": shop.name,
        "content": view.content,
        "root": view.urls.root,
        "stream": view.urls.stream(STREAM),
        "brand": {name: getattr(shop.brand, name) for name in _BRAND},
        "headers": {name.decode(): value.decode() for name, value in view.headers},
        "categories": list(shop.categories()),
        "sorts": ["featured", *ORDERS],
        "listing_pages": listing_pages(shop),
        "unanswered": unanswered,
        "required": sorted(library.plan.required),
        "slots": library.by_slot,
        "own_from": min((it.least for it in choices if "viewed" in it.marks), default=0),
        "experiments": experiments.as_json(),
        "moments": list(moments),
        "sells": shop.checkout is not None,
        "basket": shop.basket_id,
        "consent": shop.consent._asdict(),
    }


def products_file(shop: Shop) -> list[dict[str, object]]:
    """Return the products a container is told of, in the contract's shape: those in stock.

    Where there are none, those that are sold out, which each of them says.
    """
    items = list(shop.products.values())
    in_stock = [item for item in items if item.available]
    return [_product(item) for item in (in_stock or items)[:MOST_SENT]]


def goods_file(shop: Shop) -> dict[str, tuple[int, int, int, int]]:
    """Return what signals are judged by: a product's category, third of prices, discount, price.

    The category is its place in the shop's list; a price is in hundredths, 0 where it is in
    another currency than the shop's.
    """
    prices, places = prices_of(shop), {name: at for at, name in enumerate(shop.categories())}
    return {
        item.id: (
            places[item.category],
            price_tier(item, prices),
            int(item.compare_at is not None),
            int(item.price.amount * 100) if item.price.currency == prices.currency else 0,
        )
        for item in shop.products.values()
    }


def _product(item: Product) -> dict[str, object]:
    return {
        "id": item.id,
        "title": item.title[:_LONGEST],
        "price": float(item.price.amount),
        "currency": item.price.currency,
        "image_url": item.picture.url if item.picture else "",
        "category": item.category[:_LONGEST],
        "tags": [tag[:_LONGEST_TAG] for tag in item.tags[:_MOST_TAGS]],
        **({} if item.available else {"available": False}),
    }
