"""What is drawn of a shop before anybody comes: its fallbacks, and the shells around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from app.catalog.search import SearchIndex
from app.content.site import SiteContent
from app.domain.catalog import Shop
from app.generation.rules import fallback
from app.rendering.renderer import Renderer, SlotContent
from app.rendering.urls import ShopUrls

VISIT = "visit"
"""Stands where a page's id would in a shell that was fetched ahead: its stream begins the visit."""

_STREAM_PLACE = "/@/stream/@"


class ShopView(NamedTuple):
    """A shop with its addresses, its slots' fallbacks, and the digest of what it is drawn from.

    `headers` are those that its pages go out with, `search` is what finds its products.
    """

    shop: Shop
    urls: ShopUrls
    content: str
    fallbacks: Mapping[str, SlotContent]
    headers: Sequence[tuple[bytes, bytes]] = ()
    search: SearchIndex | None = None


def build_shop_view(
    shop: Shop,
    content: SiteContent,
    renderer: Renderer,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> ShopView:
    """Draw a shop's fallbacks."""
    fallbacks = renderer.fallbacks(shop, fallback(shop, content.prompts.house))
    urls, search = content.urls_of(shop), SearchIndex(shop.products.values())
    return ShopView(shop, urls, content.digest_of(shop), fallbacks, headers, search)


class ShellCache:
    """Store pages of fallbacks alone, drawn once for each shop and kind of persona."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._halves: dict[tuple[str, str, str], tuple[str, str]] = {}
        self._whole: dict[tuple[str, str, str], str] = {}

    def shell(self, view: ShopView, persona_type: str, page_id: str) -> bytes:
        """Return the page that follows a stream."""
        place = (view.shop.id, persona_type, view.content)
        halves = self._halves.get(place)
        if halves is None:
            before, _, after = self._draw(view, persona_type, _STREAM_PLACE).partition(
                _STREAM_PLACE
            )
            halves = self._halves[place] = (before, after)
        return f"{halves[0]}{view.urls.stream(page_id)}{halves[1]}".encode()

    def fallback(self, view: ShopView, persona_type: str) -> bytes:
        """Return the page that follows nothing and stays as it is."""
        place = (view.shop.id, persona_type, view.content)
        if place not in self._whole:
            self._whole[place] = self._draw(view, persona_type, None)
        return self._whole[place].encode()

    def _draw(self, view: ShopView, persona_type: str, stream: str | None) -> str:
        return self._renderer.store_page(view.shop, persona_type, view.fallbacks, stream)
