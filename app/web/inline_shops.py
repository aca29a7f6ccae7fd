"""The shop a request is about: one we have a catalog of, or one that came with the request."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

from app.catalog.feed import stock
from app.catalog.images import remote
from app.catalog.json_product import read_product
from app.catalog.json_shop import About, shop_of
from app.catalog.load import shop_name_of
from app.catalog.problems import InvalidProduct, Report
from app.content.assets import brand_css
from app.domain.catalog import FeedIssue, Picture, Product, Shop
from app.pages.shells import ShopView, build_shop_view
from app.pages.site import LiveSite
from app.util.latest import Latest

if TYPE_CHECKING:
    from app.web.generate_schema import ShopIn

log = logging.getLogger("wandstore.generate")

_MOST_HELD = 16
_MOST_REPORTED = 5


class InlineShops:
    """Views of shops that came with requests, the latest held, each by all it is drawn from."""

    def __init__(self, site: LiveSite) -> None:
        self._site = site
        self._held: Latest[tuple[str, str], ShopView] = Latest(_MOST_HELD)
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
                where = f", product {problem.line}" if problem.line else ""
                log.warning("%s%s: %s", sent.shop_id, where, problem.reason)
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
        return view


def _read(sent: ShopIn) -> tuple[Shop | None, tuple[FeedIssue, ...]]:
    """Return the shop, by the rules of a catalog's file, and what of it cannot be sold.

    It is None where nothing can be. A problem's line is the product's place in the list, from 1.
    """
    report = Report()
    brand = sent.brand_guidelines.model_dump(exclude_none=True)
    about = About({"id": sent.shop_id, "brand": brand}, report)
    shelf: list[Product] = []
    for place, item in enumerate(sent.products, 1):
        try:
            shelf.append(_product(item.model_dump(exclude_none=True)))
        except InvalidProduct as error:
            report.add(place, str(error), item.id)
    if not shelf:
        return None, report.problems()
    shop = shop_of(about, sent.shop_id, shop_name_of(sent.shop_id))
    return stock(shop._replace(id=sent.shop_id, inline=True), shelf), report.problems()


def _product(sent: Mapping[str, object]) -> Product:
    item = read_product({**sent, "price": Decimal(str(sent["price"]))}, str(sent["currency"]))
    address = sent.get("image_url")
    picture = Picture(remote(str(address)), item.title) if address else None
    return item._replace(picture=picture)
