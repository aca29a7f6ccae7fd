"""What a page says of itself to search engines, as JSON-LD in the words of schema.org."""

from __future__ import annotations

from typing import Any

from app.catalog.listing import Listing
from app.domain.catalog import Product, Shop, Variant
from app.rendering.urls import ShopUrls

Node = dict[str, Any]

_LONGEST_TEXT = 1_000
_LONGEST_LINE = 160


def summary(text: str) -> str:
    """Return how a text begins, for a line below a link: in whole words where it has some."""
    if len(text) <= _LONGEST_LINE:
        return text
    cut = text[: _LONGEST_LINE - 1]
    words = cut.rpartition(" ")[0]
    return f"{words if len(words) > _LONGEST_LINE // 2 else cut}…"


def about_shop(shop: Shop, url: ShopUrls) -> Node:
    """Return what a store page says."""
    return _graph(_organization(shop, url))


def about_listing(shop: Shop, url: ShopUrls, listing: Listing) -> Node:
    """Return what a page of a listing says."""
    steps = [(shop.name, url.store())]
    category = listing.request.category
    steps += [(category, url.store(category))] if category else []
    items = [
        _node("ListItem", position=at, name=item.title, url=url.absolute(url.product(item)))
        for at, item in enumerate(listing.results, start=listing.first)
    ]
    found = _node("ItemList", numberOfItems=listing.total, itemListElement=items)
    return _graph(_breadcrumbs(url, *steps), found)


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
    """Return a product with what it is offered for: an offer a variant."""
    about = _known(
        description=item.description[:_LONGEST_TEXT],
        image=url.absolute(item.picture.url) if item.picture else "",
        brand=_node("Brand", name=item.vendor) if item.vendor else "",
    )
    return _node(
        "Product",
        name=item.title,
        url=url.absolute(url.product(item)),
        productID=item.id,
        category=item.category,
        offers=_offers(shop, url, item),
        **about,
    )


def _offers(shop: Shop, url: ShopUrls, item: Product) -> list[Node]:
    condition = item.condition and f"https://schema.org/{item.condition}Condition"
    seller = _node("Organization", name=shop.name)
    shared = _node("Offer", seller=seller, **_known(itemCondition=condition))
    return [shared | _offer(url, item, form) for form in item.forms()]


def _offer(url: ShopUrls, item: Product, form: Variant) -> Node:
    """Return what sets the offer of a variant apart from those of the others."""
    there = "BackOrder" if form.is_on_order else "InStock"
    offer = {
        "price": f"{form.price.amount:f}",
        "priceCurrency": form.price.currency,
        "availability": f"https://schema.org/{there if form.available else 'SoldOut'}",
        "url": url.absolute(url.product(item, form.id if item.variants else "")),
    }
    if form.picture:
        offer["image"] = url.absolute(form.picture.url)
    if form.values:
        offer |= {"sku": form.id, "name": form.label}
    return offer


def _breadcrumbs(url: ShopUrls, *steps: tuple[str, str]) -> Node:
    """Return the way to a page: names and addresses, the shop's first."""
    items = [
        _node("ListItem", position=position, name=name, item=url.absolute(address))
        for position, (name, address) in enumerate(steps, start=1)
    ]
    return _node("BreadcrumbList", itemListElement=items)


def _known(**facts: Any) -> Node:
    return {name: value for name, value in facts.items() if value}


def _node(kind: str, **facts: Any) -> Node:
    return {"@type": kind, **facts}
