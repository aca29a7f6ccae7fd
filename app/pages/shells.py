"""A shop open for business: what is drawn of it before anybody comes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from app.domain.catalog import Shop
from app.generation.rules import HouseCopy, fallback
from app.rendering.renderer import Renderer, SlotContent
from app.rendering.urls import ShopUrls

_STREAM_PLACE = "/@/stream/@"


class ShopView(NamedTuple):
    """A shop with its addresses, its slots' fallbacks, and the digest of what it is drawn from."""

    shop: Shop
    urls: ShopUrls
    content: str
    fallbacks: Mapping[str, SlotContent]


def build_shop_view(
    shop: Shop, addresses: ShopUrls, content: str, lines: HouseCopy, renderer: Renderer
) -> ShopView:
    """Draw a shop's fallbacks."""
    drawn = renderer.fallbacks(shop, fallback(shop, lines))
    return ShopView(shop, addresses, content, drawn)


class ShellCache:
    """Store pages of fallbacks alone, drawn once for each shop and kind of persona."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._drawn: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._whole: dict[tuple[str, str, str], str] = {}

    def shell(self, counter: ShopView, persona_type: str, page_id: str) -> bytes:
        """Return the page that follows a stream."""
        place = (counter.shop.id, persona_type, counter.content)
        halves = self._drawn.get(place)
        if halves is None:
            before, _, after = self._draw(counter, persona_type, _STREAM_PLACE).partition(
                _STREAM_PLACE
            )
            halves = self._drawn[place] = (before, after)
        return f"{halves[0]}{counter.urls.stream(page_id)}{halves[1]}".encode()

    def fallback(self, counter: ShopView, persona_type: str) -> bytes:
        """Return the page that follows nothing and stays as it is."""
        place = (counter.shop.id, persona_type, counter.content)
        if place not in self._whole:
            self._whole[place] = self._draw(counter, persona_type, None)
        return self._whole[place].encode()

    def _draw(self, counter: ShopView, persona_type: str, stream: str | None) -> str:
        return self._renderer.store_page(counter.shop, persona_type, counter.fallbacks, stream)
