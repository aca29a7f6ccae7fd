"""The shop a request is about: one we have a catalog of, or one that came with the request."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from app.catalog.inline_shop import read_inline_shop
from app.content.assets import brand_css
from app.domain.catalog import FeedIssue, Shop
from app.pages.shells import ShopView, build_shop_view
from app.pages.site import LiveSite

if TYPE_CHECKING:
    from app.web.generate_schema import ShopIn

log = logging.getLogger("wandstore.generate")

_MOST_HELD = 16
_MOST_REPORTED = 5


class InlineShops:
    """Views of shops that came with requests, the latest held, each by all it is drawn from."""

    def __init__(self, site: LiveSite) -> None:
        self._site = site
        self._held: OrderedDict[tuple[str, str], ShopView] = OrderedDict()
        self._turn = asyncio.Lock()

    async def view(self, sent: ShopIn) -> ShopView | None:
        """Return the shop's view, None where the shop is not ours and nothing sent can be sold.

        Thousands of products take a second: they are read in a thread, one shop at a time.
        """
        own = self._site.shop(sent.shop_id)
        if own is not None:
            return own
        async with self._turn:
            shop, problems = await asyncio.to_thread(_read, sent)
            for problem in problems[:_MOST_REPORTED]:
                log.warning("%s, product %d: %s", sent.shop_id, problem.line, problem.reason)
            return await self._hold(shop) if shop is not None else None

    def css(self, shop: Shop) -> str | None:
        """Return what the page needs beside the style sheet it links to: ours have their brand."""
        return None if shop.id in self._site.current.shops else brand_css(shop)

    async def _hold(self, shop: Shop) -> ShopView:
        site = self._site.current
        place = (shop.id, site.content.digest_of(shop))
        view = self._held.get(place)
        if view is None:
            view = await asyncio.to_thread(build_shop_view, shop, site.content, site.renderer)
        self._held[place] = view
        self._held.move_to_end(place)
        while len(self._held) > _MOST_HELD:
            self._held.popitem(last=False)
        return view


def _read(sent: ShopIn) -> tuple[Shop | None, tuple[FeedIssue, ...]]:
    brand = sent.brand_guidelines.model_dump(exclude_none=True)
    products = (item.model_dump(exclude_none=True) for item in sent.products)
    return read_inline_shop(sent.shop_id, brand, products)
