"""Shops that come with requests: read in a thread, so that nobody else waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.content.site import read_site
from app.pages.shells import ShellCache
from app.pages.site import LiveSite, Site, build_renderer
from app.settings import Settings
from app.web.generate_schema import BrandIn, ProductIn, ShopIn
from app.web.inline_shops import InlineShops

pytestmark = pytest.mark.anyio


class SlowShop:
    """A shop whose products can be read once the event loop has had another turn."""

    shop_id = "far-away"
    brand_guidelines = BrandIn()

    def __init__(self) -> None:
        self.looked_at = threading.Event()
        self.loop_turned = threading.Event()

    @property
    def products(self) -> Iterator[ProductIn]:
        self.looked_at.set()
        assert self.loop_turned.wait(30), "nobody else had a turn"
        yield ProductIn(id="rope", title="Rope", price=9.5, currency="EUR")


@pytest.fixture(scope="module")
def site() -> LiveSite:
    content = read_site(Settings())
    renderer = build_renderer(content)
    return LiveSite(Site(content, renderer, cast("Any", None), ShellCache(renderer), {}))


async def test_reading_a_large_shop_keeps_nobody_from_the_loop(site: LiveSite) -> None:
    sent = SlowShop()
    reading = asyncio.create_task(InlineShops(site).view(cast("Any", sent)))
    assert await asyncio.to_thread(sent.looked_at.wait, 30)
    sent.loop_turned.set()
    view = await reading
    assert view is not None
    assert list(view.shop.products) == ["rope"]


async def test_what_cannot_be_used_is_logged_with_its_product_or_as_the_shops(
    site: LiveSite, caplog: pytest.LogCaptureFixture
) -> None:
    rope = ProductIn(id="rope", title="Rope", price=9.5, currency="EUR")
    buoy = ProductIn(id="buoy", title=" ", price=9.5, currency="EUR")
    brand = BrandIn(font_family="a } b")
    sent = ShopIn(shop_id="harbour", products=[rope, buoy], brand_guidelines=brand)
    assert await InlineShops(site).view(sent) is not None
    of_shop, of_product = (record.getMessage() for record in caplog.records)
    assert of_shop.startswith("harbour: ")
    assert of_product.startswith("harbour, product 2: ")
