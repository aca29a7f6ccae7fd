"""What a page says of itself to search engines, as JSON-LD in the words of schema.org."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.catalog.listing import Listing
from app.domain.catalog import Product, Shop, Variant
from app.rendering.urls import ShopUrls

Node = dict[str, Any]

_LONGEST_TEXT = 1_000


def about_shop(shop: Shop, url: ShopUrls) -> Node:
    """Return what a store page says."""
    return _graph(_organization(shop, url))


def about_listing(shop: Shop, url: ShopUrls, listing: Listing) -> Node:
    """Return what a page of a listing says."""
    steps = [(shop.name, url.store())]
    category = listing.request.category
    steps += [(category, url.store(category))] if category else []
    return _graph(_breadcrumbs(url, *steps), _item_list(url, listing))


def about_product(shop: Shop, url: ShopUrls, item: Product) -> Node:
    """Return what a product's page says, whichever variant is chosen."""
    steps = (shop.name, url.store()), (item.category, url.store(item.category))
    return _graph(_product(shop, url, item), _breadcrumbs(url, *steps))


def _graph(*nodes: Node) -> Node:
    return {"@context": "https://schema.org", "@graph": list(nodes)}


def _organization(shop: Shop, url: ShopUrls) -> Node:
    """Return who sells here."""
    node = _node(
        "Organization",
        name=shop.name,
        url=url.absolute(url.store()),
        logo=url.absolute(url.asset("icon.svg")),
    )
    return node | ({"slogan": shop.tagline} if shop.tagline else {})


def _product(shop: Shop, url: ShopUrls, item: Product) -> Node:
    """Return a product with what it is offered for."""
    node = _node(
        "Product",
        name=item.title,
        url=url.absolute(url.product(item)),
        productID=item.id,
        category=item.category,
        offers=[_offer(shop, url, item, form) for form in item.forms()],
    )
    optional: Node = {
        "description": item.description[:_LONGEST_TEXT],
        "image": url.absolute(item.picture.url) if item.picture else "",
        "brand": _node("Brand", name=item.vendor) if item.vendor else "",
    }
    return node | {name: value for name, value in optional.items() if value}


def _offer(shop: Shop, url: ShopUrls, item: Product, form: Variant) -> Node:
    node = _node(
        "Offer",
        price=f"{form.price.amount:f}",
        priceCurrency=form.price.currency,
        availability=f"https://schema.org/{'InStock' if form.available else 'SoldOut'}",
        url=url.absolute(url.product(item, form.id if item.variants else "")),
        seller=_node("Organization", name=shop.name),
    )
    return node | ({"sku": form.id, "name": " / ".join(form.values)} if form.values else {})


def _breadcrumbs(url: ShopUrls, *steps: tuple[str, str]) -> Node:
    """Return the way to a page: names and addresses, the shop's first."""
    items = [
        _node("ListItem", position=position, name=name, item=url.absolute(address))
        for position, (name, address) in enumerate(steps, start=1)
    ]
    return _node("BreadcrumbList", itemListElement=items)


def _item_list(url: ShopUrls, listing: Listing) -> Node:
    """Return what is on a page of a listing, in its order."""
    return _node(
        "ItemList",
        numberOfItems=listing.total,
        itemListElement=list(_list_items(url, listing.results, listing.first)),
    )


def _list_items(url: ShopUrls, items: Iterable[Product], first: int) -> Iterable[Node]:
    for position, item in enumerate(items, start=first):
        address = url.absolute(url.product(item))
        yield _node("ListItem", position=position, name=item.title, url=address)


def _node(kind: str, **facts: Any) -> Node:
    return {"@type": kind, **facts}
