"""Builds the address of a checkout: what is bought, and where on the page it was shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from app.domain.basket import BasketItem
from app.domain.catalog import SHOPIFY, Checkout


class Shown(NamedTuple):
    """Where what is bought was shown: on which composed pages, in which slots."""

    page: str = ""
    slots: str = ""


def shown_at(items: Sequence[BasketItem]) -> Shown:
    """Return where lines were shown, each place once."""
    pages = dict.fromkeys(item.line.page for item in items if item.line.page)
    slots = dict.fromkeys(item.line.slot for item in items if item.line.slot)
    return Shown(",".join(pages), ",".join(slots))


def checkout_address(checkout: Checkout, items: Sequence[BasketItem], endpoint: str = "") -> str:
    """Return the address at which a shopper buys what can be bought of a basket.

    A store's UCP `endpoint` is told where it was shown as attribution, its cart as attributes.
    """
    shown = shown_at(items)
    bought = [(item.variant.id, item.quantity) for item in items if item.variant and item.quantity]
    lines = ",".join(f"{quote(name, safe='')}:{quantity}" for name, quantity in bought)
    if checkout.kind == SHOPIFY:
        name = "attribution/wandstore_{}" if endpoint else "attributes[wandstore_{}]"
        places = {name.format(part): value for part, value in shown._asdict().items() if value}
        return f"{endpoint or checkout.address}/{lines}{'?' if places else ''}{urlencode(places)}"
    values = {
        "items": lines,
        "ids": ",".join(quote(name, safe="") for name, _ in bought),
        "quantities": ",".join(str(quantity) for _, quantity in bought),
        "page": quote(shown.page, safe=","),
        "slots": quote(shown.slots, safe=","),
    }
    address = checkout.address
    for name, value in values.items():
        address = address.replace(f"{{{name}}}", value)
    return address
