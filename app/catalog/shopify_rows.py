"""The columns of a Shopify product export."""

from __future__ import annotations

from app.catalog.rows import Layout

_COLUMNS = {
    "handle": ("handle", "url handle"),
    "title": ("title",),
    "description": ("body (html)", "description"),
    "vendor": ("vendor",),
    "product category": ("product category",),
    "type": ("type",),
    "tags": ("tags",),
    "published": ("published", "published on online store"),
    "status": ("status",),
    "option1 name": ("option1 name",),
    "option1": ("option1 value",),
    "option2 name": ("option2 name",),
    "option2": ("option2 value",),
    "option3 name": ("option3 name",),
    "option3": ("option3 value",),
    "variant id": ("variant id",),
    "sku": ("variant sku", "sku"),
    "variant image": ("variant image", "variant image url"),
    "tracker": ("variant inventory tracker", "inventory tracker"),
    "quantity": ("variant inventory qty", "inventory quantity"),
    "when out of stock": ("variant inventory policy", "continue selling when out of stock"),
    "price": ("variant price", "price"),
    "compare at": ("variant compare at price", "compare-at price"),
    "image": ("image src", "product image url"),
    "position": ("image position",),
    "alt": ("image alt text",),
}
"""Our name of a column -> the names it has in the older and the newer export.

They are compared by their letters and digits alone: tools between a shop and a file write
`Body HTML` and `Variant Compare-at Price`.

Source: Shopify's help on product CSV files and its two sample templates. `Variant ID` is in none of
its own, but in those of common export apps; its checkout knows variants by nothing else.
"""

SHOPIFY = Layout(_COLUMNS, {"handle": "Handle", "title": "Title"})
