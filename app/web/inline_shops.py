"""The shop a request is about: one we have a catalog of, or one that came with the request."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from app.catalog.inline_shop import read_inline_shop
from app.domain.catalog import Shop
from app.pages.shells import ShopView
from app.web.context import OpenShop

if TYPE_CHECKING:
    from app.web.generate_schema import ShopIn

log = logging.getLogger("wandstore.generate")

_MOST_HELD = 16
_MOST_TOLD = 5


class InlineShops:
    """Views of shops that came with requests, the latest held. `draw` opens one.

    `styles` gives the brand of a shop as CSS: that of our own shops is in their style sheet.
    """

    def __init__(
        self,
        own: Mapping[str, OpenShop],
        draw: Callable[[Shop], ShopView],
        styles: Callable[[Shop], str],
    ) -> None:
        self._own = own
        self._draw = draw
        self._styles = styles
        self._held: OrderedDict[tuple[str, str], ShopView] = OrderedDict()

    def counter(self, sent: ShopIn) -> ShopView | None:
        """Return the counter, None where the shop is not ours and nothing sent can be sold."""
        own = self._own.get(sent.shop_id)
        if own is not None:
            return own.counter
        brand = sent.brand_guidelines.model_dump(exclude_none=True)
        products = (item.model_dump(exclude_none=True) for item in sent.products)
        shop, problems = read_inline_shop(sent.shop_id, brand, products)
        for problem in problems[:_MOST_TOLD]:
            log.warning("%s, product %d: %s", sent.shop_id, problem.line, problem.reason)
        return self._hold(shop) if shop is not None else None

    def css(self, shop: Shop) -> str | None:
        """Return what the page needs beside the style sheet it links to."""
        return None if shop.id in self._own else self._styles(shop)

    def _hold(self, shop: Shop) -> ShopView:
        place = (shop.id, shop.digest)
        counter = self._held.get(place) or self._draw(shop)
        self._held[place] = counter
        self._held.move_to_end(place)
        while len(self._held) > _MOST_HELD:
            self._held.popitem(last=False)
        return counter
