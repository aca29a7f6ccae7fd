"""Finished pages: kept in KV, and the busiest of them in memory, ready to be sent."""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import NamedTuple, Protocol

from app.domain.catalog import Shop
from app.domain.page import Component, Refusal, StoredPage
from app.generation.events import from_kv, to_kv
from app.generation.generator import MAKESHIFT_TTL, TTL, NotKept
from app.rendering.renderer import Renderer, SlotContent
from app.storage.kv.retrying import KvWriteFailed

_FRESH = 60.0
"""Seconds a page from memory is served without asking KV again."""

MEMORY = 12 * 1024 * 1024
"""Bytes of finished pages held ready."""

_COMPRESSION = 6


class Kv(Protocol):
    """Pairs with a time to live."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl: int) -> None: ...


class CachedPage(NamedTuple):
    """A page as it goes out: plain and gzipped, with its ETag. Held until `until` (seconds)."""

    body: bytes
    zipped: bytes
    etag: bytes
    content: str
    until: float
    redrawn: bool = False

    @property
    def size(self) -> int:
        """Bytes it takes."""
        return len(self.body) + len(self.zipped)


def ready(html: str, content: str, until: float) -> CachedPage:
    """Return the page in the forms it is sent in."""
    body = html.encode()
    etag = b'"%s"' % hashlib.sha256(body).hexdigest()[:20].encode()
    return CachedPage(body, gzip.compress(body, _COMPRESSION, mtime=0), etag, content, until)


class PageCache:
    """Reads through memory to KV. A page drawn from older content is drawn again, not composed.

    `prepared` waits until components can be drawn. `makeshift` says of a page's model whether the
    page was made for want of a better one, and is not to be kept for long.
    """

    def __init__(
        self,
        kv: Kv,
        renderer: Renderer,
        prepared: Callable[[], Awaitable[None]],
        makeshift: Callable[[str], bool],
        clock: Callable[[], float],
    ) -> None:
        self._kv = kv
        self._renderer = renderer
        self._clock = clock
        self._prepared = prepared
        self._degraded = makeshift
        self._held: OrderedDict[str, CachedPage] = OrderedDict()
        self._size = 0

    def take_up(self, renderer: Renderer) -> None:
        """Draw again with this renderer from now on."""
        self._renderer = renderer

    def cached(self, key: str, content: str) -> CachedPage | None:
        """Return the page if it is in memory and current: no waiting."""
        page = self._held.get(key)
        if page is None or page.content != content or page.until <= self._clock():
            return None
        self._held.move_to_end(key)
        return page

    async def get(
        self, key: str, shop: Shop, content: str, fallbacks: Mapping[str, SlotContent]
    ) -> CachedPage | None:
        """Return the page from memory or KV, drawn again where its content has changed."""
        page = self.cached(key, content)
        if page is not None:
            return page
        kept = await self._read(key, shop)
        if kept is None:
            return None
        if kept.content == content:
            return self._hold(key, ready(kept.html, content, self._clock() + _FRESH))
        return await self._rerender(key, shop, kept, content, fallbacks)

    async def stored(self, key: str, shop: Shop) -> StoredPage | None:
        """Return the page with the decisions it was drawn from."""
        return await self._read(key, shop)

    async def put(self, key: str, page: StoredPage, ttl: int = TTL) -> None:
        """Keep a finished page for `ttl` seconds.

        Raises:
            NotKept: KV did not take it.
        """
        self._drop(key)
        try:
            await self._kv.put(key, to_kv(page), ttl)
        except KvWriteFailed as failure:
            raise NotKept(str(failure)) from failure
        self._hold(key, ready(page.html, page.content, self._clock() + _FRESH))

    async def _read(self, key: str, shop: Shop) -> StoredPage | None:
        value = await self._kv.get(key)
        kept = from_kv(value) if value is not None else None
        return kept if kept is not None and kept.shop_id == shop.id else None

    async def _rerender(
        self,
        key: str,
        shop: Shop,
        kept: StoredPage,
        content: str,
        fallbacks: Mapping[str, SlotContent],
    ) -> CachedPage | None:
        """Draw a page from its decisions; one of which nothing is left is composed anew."""
        await self._prepared()
        still: list[Component] = []
        fillings = dict(fallbacks)
        for component in kept.components:
            html = self._renderer.component(component, shop)
            if not isinstance(html, Refusal):
                still.append(component)
                fillings[component.slot] = SlotContent(component.type, html)
        if not still:
            return None
        html = self._renderer.store_page(shop, kept.persona_type, fillings)
        drawn = kept._replace(html=html, components=still, content=content)
        with suppress(NotKept):
            await self.put(key, drawn, MAKESHIFT_TTL if self._degraded(kept.model) else TTL)
        return ready(html, content, self._clock() + _FRESH)._replace(redrawn=True)

    def _hold(self, key: str, page: CachedPage) -> CachedPage:
        self._drop(key)
        self._held[key] = page
        self._size += page.size
        while self._size > MEMORY:
            _, oldest = self._held.popitem(last=False)
            self._size -= oldest.size
        return page

    def _drop(self, key: str) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            self._size -= held.size
